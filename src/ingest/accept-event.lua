-- accept-event: makes an event durable, or recognises it.
-- fields: field, value of the event record.
-- Answers: {'accepted'} | {'replayed', event id, first status, first dry_run, 'open' or 'planned'} | {'conflict', event id}
-- Invariant: one key names one event for as long as it is remembered; record, key and index appear together.
--- include: ../store/clock.lua
--- include: ../store/lineage.lua

local known = redis.call('GET', keys.idempotency)
if known then
  local fingerprint, id, status, dry = string.match(known, '^(%S+) (%S+) (%S+) (%S+)$')
  if fingerprint == args.fingerprint then
    return { 'replayed', id, status, dry, redis.call('ZSCORE', keys.eventsOpen, id) and 'open' or 'planned' }
  end
  return { 'conflict', id }
end
redis.call('HSET', keys.event, 'era', currentEra(keys.gate), unpack(args.fields))
countChange(keys.messageCounts)
local record = redis.call('HMGET', keys.event, 'state', 'mode')
redis.call('SET', keys.idempotency, args.fingerprint .. ' ' .. args.id .. ' ' .. record[1] .. ' ' .. record[2], 'PX', args.idempotencyMs)
redis.call('ZADD', keys.eventsOpen, int(nowMs()), args.id)
return { 'accepted' }
