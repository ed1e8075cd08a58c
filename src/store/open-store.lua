-- open-store: initialises a shard of an empty store, or checks that it is the one we expect.
-- now: ms; lineage, epoch: of a new gate; flags: those that are on in it.
-- Returns: {'created' | 'opened', lineage} | {'other-shards', theirs} | {'other-environment', theirs}
-- Invariant: the gate is written only together with the marker. A store that has a marker and no gate has lost
-- data, and a lost gate means stopped.
local marker = redis.call('HMGET', keys.store, 'shards', 'environment')
if marker[1] and marker[1] ~= args.shards then
  return { 'other-shards', marker[1] }
end
if marker[2] and marker[2] ~= args.environment then
  return { 'other-environment', marker[2] }
end
redis.call('HSET', keys.store, 'environment', args.environment)
if marker[1] then
  -- A store of a program that knew no lineage gets its first one.
  if redis.call('HEXISTS', keys.gate, 'epoch') == 1 then
    redis.call('HSETNX', keys.gate, 'lineage', args.lineage)
  end
  return { 'opened', redis.call('HGET', keys.gate, 'lineage') or '' }
end
redis.call('HSET', keys.store, 'shards', args.shards, 'createdAt', args.now)
redis.call('HSET', keys.gate, 'lineage', args.lineage, 'epoch', args.epoch, 'run', '1')
for _, flag in ipairs(args.flags) do
  redis.call('HSET', keys.gate, flag, 'on')
end
return { 'created', args.lineage }
