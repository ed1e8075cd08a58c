-- mark-behind: writes down on one shard that the store has gone back in time. Only an adoption takes it away.
-- lineage: that the caller compared; detail: what it found, in words; hint: channel to publish on.
-- Returns: {'marked'} | {'other-lineage'}: it has been adopted meanwhile, or has lost its gate
if redis.call('HEXISTS', keys.gate, 'epoch') == 0 or (redis.call('HGET', keys.gate, 'lineage') or '') ~= args.lineage then
  return { 'other-lineage' }
end
if redis.call('HSETNX', keys.gate, 'wentBack', args.detail) == 1 then
  redis.call('PUBLISH', args.hint, 'behind')
end
return { 'marked' }
