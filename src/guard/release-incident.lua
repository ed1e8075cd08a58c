-- release-incident: a person ends an incident; its trigger may fire again on what comes after.
-- KEYS: 1 guard (hash: what the guard keeps), 2 incident (hash)
-- ARGV: 1 trigger, 2 incident id, 3 released at (ms), 4 release (JSON: at, by, reason), 5 kept for (ms)
-- Answers: {'released'} | {'not-open'}
-- Invariant: only the open incident of a trigger can be released; nothing before the release counts again.
local latch = 'latch:' .. ARGV[1]
if redis.call('HGET', KEYS[1], latch) ~= ARGV[2] then
  return { 'not-open' }
end
redis.call('HDEL', KEYS[1], latch)
redis.call('HSET', KEYS[1], 'released:' .. ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], 'release', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return { 'released' }
