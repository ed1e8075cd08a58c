-- finish-event: ends the planning of an event.
-- KEYS: 1 event, 2 open events, 3 planned events, 4 dead events (zsets)
-- ARGV: 1 id, 2 state to end in, 3 reason, 4 message ids (space separated), 5 retention (ms), 6 state it must be in,
--       7 what is to be said of channels that were left out (JSON; '' or absent: nothing), 8 who has a dead one planned anew, and why
-- Answers: {'done'} | {'refused', state}
-- Invariant: an event leaves `open` only here; a planned one is kept for as long as its messages may change.
--- include: ../store/clock.lua
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= ARGV[6] then
  return { 'refused', state or 'gone' }
end
local now = int(nowMs())
if state == 'dead' then
  -- What came before is kept: an event may be planned anew, and die again, a number of times.
  local died = redis.call('HMGET', KEYS[1], 'plannedAt', 'reason', 'earlier')
  local earlier = died[3] and cjson.decode(died[3]) or {}
  earlier[#earlier + 1] = { at = tonumber(died[1] or now), what = 'dead', detail = died[2] or '' }
  if ARGV[2] == 'accepted' then
    earlier[#earlier + 1] = { at = tonumber(now), what = 'replayed', detail = ARGV[8] }
  end
  while #earlier > 20 do
    table.remove(earlier, 1)
  end
  redis.call('HSET', KEYS[1], 'earlier', cjson.encode(earlier))
end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'reason', ARGV[3], 'plannedAt', now)
if ARGV[7] and ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'remarks', ARGV[7])
else
  redis.call('HDEL', KEYS[1], 'remarks')
end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'messages', ARGV[4])
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
if ARGV[2] == 'planned' then
  redis.call('ZADD', KEYS[3], now, ARGV[1])
elseif ARGV[2] == 'dead' then
  redis.call('ZADD', KEYS[4], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
elseif ARGV[2] == 'accepted' then
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return { 'done' }
