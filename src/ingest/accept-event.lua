-- accept-event: makes an event durable, or recognises it.
-- mode: of the event; fields: field, value of its record.
-- Answers: {'accepted'} | {'replayed', event id, first status, first dry_run, 'open' or 'planned'} | {'conflict', event id}
-- Invariant: one key names one event for as long as it is remembered; record, key and index appear together.
--- include: ../store/clock.lua
--- include: ../store/lineage.lua
--- include: ../store/counts.lua

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
redis.call('SET', keys.idempotency, args.fingerprint .. ' ' .. args.id .. ' accepted ' .. args.mode, 'PX', args.idempotencyMs)
redis.call('ZADD', keys.eventsOpen, int(nowMs()), args.id)
return { 'accepted' }
