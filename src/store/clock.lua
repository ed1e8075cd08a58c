-- clock: the store's own time, which scores the indexes; clocks of processes differ and step. Included.
-- It stands still while a script runs, so the calls of a group share one reading.
local function nowMs()
  if not group.nowMs then
    local time = redis.call('TIME')
    group.nowMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  return group.nowMs
end

-- Numbers in Lua print as 1.7e+12 past 14 digits; stored instants must not.
local function int(number)
  return string.format('%.0f', number)
end
