-- release-incident: a person ends an incident; its trigger may fire again on what comes after.
-- guard: what the guard keeps; release: JSON (at, by, reason).
-- Returns: {'released'} | {'not-open'}
-- Invariant: only the open incident of a trigger can be released; nothing before the release counts again.
local latch = 'latch:' .. args.trigger
if redis.call('HGET', keys.watchdog, latch) ~= args.id then
  return { 'not-open' }
end
redis.call('HDEL', keys.watchdog, latch)
redis.call('HSET', keys.watchdog, 'released:' .. args.trigger, args.releasedAt)
redis.call('HSET', keys.incident, 'release', args.release)
redis.call('PEXPIRE', keys.incident, args.keptMs)
return { 'released' }
