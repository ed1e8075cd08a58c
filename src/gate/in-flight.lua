-- in-flight: the attempts under way that a flag governs, by the store's own clock, which set their deadlines. Included.
local NAMED_MAX = 100

-- part: a channel or a category, '' for all. Returns how many there are, then the members ('channel category id owner') of the
-- first NAMED_MAX.
local function listInFlight(part)
  local found = { 0 }
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', keys.inflight, int(nowMs()), '+inf')) do
    local channel, category = string.match(member, '^(%S+) (%S+) ')
    if part == '' or channel == part or category == part then
      found[1] = found[1] + 1
      if found[1] <= NAMED_MAX then
        found[#found + 1] = member
      end
    end
  end
  return found
end
