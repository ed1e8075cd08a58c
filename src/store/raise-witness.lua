-- raise-witness: remembers how far a store has come, in a second server that knows nothing else of it.
-- KEYS: 1 witness (hash)
-- ARGV: 1 lineage, 2 its era, 3 epoch, 4 changes
-- Answers: {'raised'} | {'kept'}: what it has is of a later era, or of another store of the same era
-- Invariant: no count of a lineage ever sinks, and no era gives way to an earlier one.
local known = redis.call('HMGET', KEYS[1], 'lineage', 'era', 'epoch', 'changes')
local epoch, changes = tonumber(ARGV[3]), tonumber(ARGV[4])
if known[1] == ARGV[1] then
  epoch = math.max(epoch, tonumber(known[3]))
  changes = math.max(changes, tonumber(known[4]))
elseif known[1] and tonumber(ARGV[2]) <= tonumber(known[2]) then
  return { 'kept' }
end
redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'era', ARGV[2], 'epoch', string.format('%.0f', epoch),
  'changes', string.format('%.0f', changes))
return { 'raised' }
