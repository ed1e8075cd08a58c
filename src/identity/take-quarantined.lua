-- take-quarantined: makes an event durable whose token nobody can judge now, or recognises it, or refuses it for want of room.
-- KEYS: 1 idempotency record of this token's own scope, 2 event record, 3 quarantined events (zset by receipt),
--       4 bytes in quarantine, 5 events of this source in its minute, 6 counts,
--       7 gate
-- ARGV: 1 fingerprint, 2 idempotency TTL (ms), 3 event id, 4 received at (ms),
--       5 most events, 6 most bytes, 7 greatest age of the oldest (ms), 8 most events of a source in a minute,
--       9… field, value of the event record
-- Answers: {'taken'} | {'replayed', event id, first status, first mode} | {'conflict', event id}
--        | {'full', 'age' | 'events' | 'bytes' | 'source'}
-- Invariant: record, key, index and byte count appear together and within every bound; what is refused leaves no trace.
--- include: ../store/lineage.lua

local known = redis.call('GET', KEYS[1])
if known then
  local fingerprint, id, status, mode = string.match(known, '^(%S+) (%S+) (%S+) (%S+)$')
  if fingerprint == ARGV[1] then
    return { 'replayed', id, status, mode }
  end
  return { 'conflict', id }
end
local oldest = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
if oldest[2] and tonumber(ARGV[4]) - tonumber(oldest[2]) > tonumber(ARGV[7]) then
  return { 'full', 'age' }
end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then
  return { 'full', 'events' }
end
local fields = {}
local bytes = 0
for i = 9, #ARGV do
  fields[#fields + 1] = ARGV[i]
  bytes = bytes + #ARGV[i]
end
if tonumber(redis.call('GET', KEYS[4]) or '0') + bytes > tonumber(ARGV[6]) then
  return { 'full', 'bytes' }
end
if tonumber(redis.call('GET', KEYS[5]) or '0') >= tonumber(ARGV[8]) then
  return { 'full', 'source' }
end
if redis.call('INCR', KEYS[5]) == 1 then
  redis.call('PEXPIRE', KEYS[5], 60000)
end
redis.call('HSET', KEYS[2], 'era', currentEra(KEYS[7]), 'bytes', bytes, unpack(fields))
countChange(KEYS[6])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3] .. ' quarantined ' .. redis.call('HGET', KEYS[2], 'mode'), 'PX', ARGV[2])
redis.call('INCRBY', KEYS[4], bytes)
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
return { 'taken' }
