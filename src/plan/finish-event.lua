-- finish-event: ends the planning of an event.
-- from: state it must be in; messages: ids (space separated); remarks: what is to be said of channels that were left out
-- (JSON, '' for nothing); replayedBy: who has a dead one planned anew, and why.
-- Answers: {'done'} | {'refused', state}
-- Invariant: an event leaves `open` only here; a planned one is kept for as long as its messages may change; what a newer
-- program wrote is not touched.
--- version
--- include: ../store/clock.lua
local record = redis.call('HMGET', keys.event, 'state', 'v')
local state = record[1]
if state ~= args.from or tonumber(record[2] or '1') > RECORD_VERSION then
  return { 'refused', state or 'gone' }
end
local now = int(nowMs())
if state == 'dead' then
  -- What came before is kept: an event may be planned anew, and die again, a number of times.
  local died = redis.call('HMGET', keys.event, 'plannedAt', 'reason', 'earlier')
  local earlier = died[3] and cjson.decode(died[3]) or {}
  earlier[#earlier + 1] = { at = tonumber(died[1] or now), what = 'dead', detail = died[2] or '' }
  if args.to == 'accepted' then
    earlier[#earlier + 1] = { at = tonumber(now), what = 'replayed', detail = args.replayedBy }
  end
  while #earlier > 20 do
    table.remove(earlier, 1)
  end
  redis.call('HSET', keys.event, 'earlier', cjson.encode(earlier))
end
local set = { 'state', args.to, 'reason', args.reason, 'plannedAt', now }
if args.messages ~= '' then
  set[#set + 1] = 'messages'
  set[#set + 1] = args.messages
end
if args.remarks ~= '' then
  set[#set + 1] = 'remarks'
  set[#set + 1] = args.remarks
end
redis.call('HSET', keys.event, unpack(set))
if state == 'dead' then
  if args.remarks == '' then
    redis.call('HDEL', keys.event, 'remarks')
  end
  redis.call('ZREM', keys.eventsDead, args.id)
else
  redis.call('ZREM', keys.eventsOpen, args.id)
end
if args.to == 'planned' then
  redis.call('ZADD', keys.eventsPlanned, now, args.id)
elseif args.to == 'dead' then
  redis.call('ZADD', keys.eventsDead, now, args.id)
  redis.call('PEXPIRE', keys.event, args.retentionMs)
elseif args.to == 'accepted' then
  redis.call('ZADD', keys.eventsOpen, now, args.id)
  redis.call('PERSIST', keys.event)
else
  redis.call('PEXPIRE', keys.event, args.retentionMs)
end
return { 'done' }
