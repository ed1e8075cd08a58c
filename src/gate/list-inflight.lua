-- list-inflight: the attempts under way on this shard.
-- part: of which channel or category, '' for all
-- Returns: how many hold a permit and are not past their deadline, then members ('channel category id owner') of the first
--- include: ../store/clock.lua
--- include: in-flight.lua
return listInFlight(args.part)
