-- take-quarantined: makes an event durable whose token nobody can judge now, or recognises it, or refuses it for want of room.
-- idempotency: record of this token's own scope; quarantineSource: events of this source in its minute.
-- ageMsMax: of the oldest; perSourceMax: events of a source in a minute; fields: field, value of the event record.
-- Answers: {'taken'} | {'replayed', event id, first status, first mode} | {'conflict', event id}
--        | {'full', 'age' | 'events' | 'bytes' | 'source'}
-- Invariant: record, key, index and byte count appear together and within every bound; what is refused leaves no trace.
--- include: ../store/lineage.lua
--- include: ../store/counts.lua

local known = redis.call('GET', keys.idempotency)
if known then
  local fingerprint, id, status, mode = string.match(known, '^(%S+) (%S+) (%S+) (%S+)$')
  if fingerprint == args.fingerprint then
    return { 'replayed', id, status, mode }
  end
  return { 'conflict', id }
end
local oldest = redis.call('ZRANGE', keys.eventsQuarantined, 0, 0, 'WITHSCORES')
if oldest[2] and tonumber(args.receivedAt) - tonumber(oldest[2]) > tonumber(args.ageMsMax) then
  return { 'full', 'age' }
end
if redis.call('ZCARD', keys.eventsQuarantined) >= tonumber(args.eventsMax) then
  return { 'full', 'events' }
end
local bytes = 0
for _, text in ipairs(args.fields) do
  bytes = bytes + #text
end
if tonumber(redis.call('GET', keys.quarantineBytes) or '0') + bytes > tonumber(args.bytesMax) then
  return { 'full', 'bytes' }
end
if tonumber(redis.call('GET', keys.quarantineSource) or '0') >= tonumber(args.perSourceMax) then
  return { 'full', 'source' }
end
if redis.call('INCR', keys.quarantineSource) == 1 then
  redis.call('PEXPIRE', keys.quarantineSource, 60000)
end
redis.call('HSET', keys.event, 'era', currentEra(keys.gate), 'bytes', bytes, unpack(args.fields))
countChange(keys.messageCounts)
redis.call('SET', keys.idempotency, args.fingerprint .. ' ' .. args.id .. ' quarantined ' .. redis.call('HGET', keys.event, 'mode'), 'PX', args.idempotencyMs)
redis.call('INCRBY', keys.quarantineBytes, bytes)
redis.call('ZADD', keys.eventsQuarantined, args.receivedAt, args.id)
return { 'taken' }
