-- raise-witness: remembers how far a store has come, in a second server that knows nothing else of it.
-- lineage, its era, and how far it has come.
-- Returns: {'raised'} | {'kept'}: what it has is of a later era, or of another store of the same era
-- Invariant: no count of a lineage ever sinks, and no era gives way to an earlier one.
local known = redis.call('HMGET', keys.witness, 'lineage', 'era', 'epoch', 'changes')
local epoch, changes = tonumber(args.epoch), tonumber(args.changes)
if known[1] == args.lineage then
  epoch = math.max(epoch, tonumber(known[3]))
  changes = math.max(changes, tonumber(known[4]))
elseif known[1] and tonumber(args.era) <= tonumber(known[2]) then
  return { 'kept' }
end
redis.call('HSET', keys.witness, 'lineage', args.lineage, 'era', args.era, 'epoch', string.format('%.0f', epoch),
  'changes', string.format('%.0f', changes))
return { 'raised' }
