-- set-flag: changes one run-time flag of the gate, on the central shard, and leaves a line in the audit chain.
-- epoch, head: that the caller saw; line: JSON; hash: of the audit chain up to that line, with its seal;
-- expiresAt: ms, '' for none; hint: channel to publish on; startsRun: 'run' when this starts a new run;
-- lineage: that the store is adopted under ('' for none); lineageBefore: that it must have for that;
-- epochAbove: that the new epoch must be above; part: of which channel or category the attempts under way are told.
-- Returns: {'done', new epoch, lineage, changes, attempts under way (list-inflight), the gate: field, value, for its copies}
--          {'moved', epoch, head, value, until}: somebody was first; what the caller must have seen to try again
--          {'other-lineage'}: it has been adopted meanwhile
-- Invariant: the epoch only grows; flag, epoch and audit line change together; after the answer every permit of this shard sees it.
-- A store is adopted only together with a change of a flag.
--- include: ../store/clock.lua
--- include: in-flight.lua
local epoch = redis.call('HGET', keys.gate, 'epoch')
if args.lineage ~= '' and redis.call('HGET', keys.gate, 'lineage') ~= args.lineageBefore then
  return { 'other-lineage' }
end
if epoch ~= args.epoch or (redis.call('HGET', keys.gate, 'auditHash') or '') ~= args.head then
  local found = redis.call('HMGET', keys.gate, 'auditHash', args.flag, 'until:' .. args.flag)
  return { 'moved', epoch or '', found[1] or '', found[2] or '', found[3] or '' }
end
local next = int(math.max(tonumber(epoch), tonumber(args.epochAbove)) + 1)
redis.call('HSET', keys.gate, 'epoch', next, args.flag, args.value, 'meta:' .. args.flag, args.line, 'auditHash', args.hash)
if args.expiresAt == '' then
  redis.call('HDEL', keys.gate, 'until:' .. args.flag)
else
  redis.call('HSET', keys.gate, 'until:' .. args.flag, args.expiresAt)
end
if args.lineage ~= '' then
  redis.call('HSET', keys.gate, 'lineage', args.lineage, 'adoptedFrom', args.lineageBefore)
  redis.call('HDEL', keys.gate, 'wentBack')
end
if args.startsRun == 'run' then
  redis.call('HSET', keys.gate, 'run', next)
end
redis.call('XADD', keys.audit, '*', 'line', args.line, 'hash', args.hash)
redis.call('PUBLISH', args.hint, next)
return { 'done', next, redis.call('HGET', keys.gate, 'lineage') or '', redis.call('HGET', keys.messageCounts, 'changes') or '0',
  listInFlight(args.part), redis.call('HGETALL', keys.gate) }
