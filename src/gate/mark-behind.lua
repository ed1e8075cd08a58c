-- mark-behind: writes down that the store has gone back in time. Only an adoption takes it away.
-- lineage: that the caller compared; detail: what it found, in words; hint: channel to publish on.
-- Returns: {'marked'} | {'other-lineage'}: it has been adopted meanwhile
if (redis.call('HGET', keys.gate, 'lineage') or '') ~= args.lineage then
  return { 'other-lineage' }
end
if redis.call('HSETNX', keys.gate, 'wentBack', args.detail) == 1 then
  redis.call('PUBLISH', args.hint, 'behind')
end
return { 'marked' }
