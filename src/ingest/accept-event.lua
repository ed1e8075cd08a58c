-- accept-event: makes an event durable, or recognises it.
-- KEYS: 1 idempotency record, 2 event record, 3 open events (zset), 4 counts, 5 gate
-- ARGV: 1 fingerprint, 2 idempotency TTL (ms), 3 event id, 4… field, value of the event record
-- Answers: {'accepted'} | {'replayed', event id, first status, first dry_run, 'open' or 'planned'} | {'conflict', event id}
-- Invariant: one key names one event for as long as it is remembered; record, key and index appear together.
--- include: ../store/clock.lua
--- include: ../store/lineage.lua

local known = redis.call('GET', KEYS[1])
if known then
  local fingerprint, id, status, dry = string.match(known, '^(%S+) (%S+) (%S+) (%S+)$')
  if fingerprint == ARGV[1] then
    return { 'replayed', id, status, dry, redis.call('ZSCORE', KEYS[3], id) and 'open' or 'planned' }
  end
  return { 'conflict', id }
end
local fields = {}
for i = 4, #ARGV do
  fields[#fields + 1] = ARGV[i]
end
redis.call('HSET', KEYS[2], 'era', currentEra(KEYS[5]), unpack(fields))
countChange(KEYS[4])
local record = redis.call('HMGET', KEYS[2], 'state', 'mode')
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3] .. ' ' .. record[1] .. ' ' .. record[2], 'PX', ARGV[2])
redis.call('ZADD', KEYS[3], int(nowMs()), ARGV[3])
return { 'accepted' }
