-- lineage: what a script needs to know of the store's lineage, `<era>.<random>`. Included.

-- The era that what is written now belongs to; 1 where there is no lineage, as in records of before there were any. In a
-- store that was found to have gone back it is the one that begins with its adoption: what it had open is of an earlier
-- one from then on, and what comes in is not.
local function currentEra(gateKey)
  if not group.era then
    local gate = redis.call('HMGET', gateKey, 'lineage', 'wentBack')
    group.era = tonumber(string.match(gate[1] or '', '^(%d+)%.') or '1') + (gate[2] and 1 or 0)
  end
  return group.era
end
