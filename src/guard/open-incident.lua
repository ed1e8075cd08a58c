-- open-incident: latches a trigger and writes the incident that says why, in one step.
-- KEYS: 1 guard (hash: what the guard keeps), 2 incidents (zset by opening), 3 incident (hash)
-- ARGV: 1 trigger, 2 incident id, 3 opened at (ms), 4 record (JSON), 5 release that was judged under (ms, 0: none)
-- Answers: {'opened'} | {'latched', id}: an incident of this trigger is open already | {'stale'}: judged before a
--   release that has come since, by a guard that was slow or frozen
-- Invariant: a trigger has at most one open incident, however many guards judge; what a person has released does
--   not come back.
local latch = 'latch:' .. ARGV[1]
local open = redis.call('HGET', KEYS[1], latch)
if open then
  return { 'latched', open }
end
if (redis.call('HGET', KEYS[1], 'released:' .. ARGV[1]) or '0') ~= ARGV[5] then
  return { 'stale' }
end
redis.call('HSET', KEYS[1], latch, ARGV[2])
redis.call('HSET', KEYS[3], 'record', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return { 'opened' }
