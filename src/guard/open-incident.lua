-- open-incident: latches a trigger and writes the incident that says why, in one step.
-- KEYS: 1 guard (hash: what the guard keeps), 2 incidents (zset by opening), 3 incident (hash)
-- ARGV: 1 trigger, 2 incident id, 3 opened at (ms), 4 record (JSON)
-- Answers: {'opened'} | {'latched', id}: an incident of this trigger is open already
-- Invariant: a trigger has at most one open incident, however many guards judge.
local latch = 'latch:' .. ARGV[1]
local open = redis.call('HGET', KEYS[1], latch)
if open then
  return { 'latched', open }
end
redis.call('HSET', KEYS[1], latch, ARGV[2])
redis.call('HSET', KEYS[3], 'record', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return { 'opened' }
