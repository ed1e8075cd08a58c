-- counts: how many messages are in each state, and `changes`: what must not be forgotten. Included.
-- counts is the key of the shard's counts (hash). The calls of a group are counted together, and written at its end.

local function count(counts, name, by)
  if not group.counts then
    group.counts = {}
    atEnd(function()
      for counted, sum in pairs(group.counts) do
        if sum ~= 0 then
          redis.call('HINCRBY', counts, counted, sum)
        end
      end
    end)
  end
  group.counts[name] = (group.counts[name] or 0) + by
end

-- Counts a change that must not be forgotten.
local function countChange(counts)
  count(counts, 'changes', 1)
end

-- All changes until now, with those of this group.
local function readChanges(counts)
  if not group.changesBefore then
    group.changesBefore = tonumber(redis.call('HGET', counts, 'changes') or '0')
  end
  return group.changesBefore + (group.counts and group.counts.changes or 0)
end
