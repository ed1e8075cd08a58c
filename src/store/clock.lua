-- clock: the store's own time, which scores the indexes; clocks of processes differ and step. Included.
local function nowMs()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Numbers in Lua print as 1.7e+12 past 14 digits; stored instants must not.
local function int(number)
  return string.format('%.0f', number)
end
