-- open-incident: latches a trigger and writes the incident that says why, in one step.
-- guard: what the guard keeps; record: JSON; releasedAt: release that was judged under (ms, 0: none).
-- Returns: {'opened'} | {'latched', id}: an incident of this trigger is open already | {'stale'}: judged before a
--   release that has come since, by a guard that was slow or frozen
-- Invariant: a trigger has at most one open incident, however many guards judge; what a person has released does
--   not come back.
local latch = 'latch:' .. args.trigger
local open = redis.call('HGET', keys.watchdog, latch)
if open then
  return { 'latched', open }
end
if (redis.call('HGET', keys.watchdog, 'released:' .. args.trigger) or '0') ~= args.releasedAt then
  return { 'stale' }
end
redis.call('HSET', keys.watchdog, latch, args.id)
redis.call('HSET', keys.incident, 'record', args.record)
redis.call('ZADD', keys.incidents, args.openedAt, args.id)
return { 'opened' }
