-- mark-behind: writes down that the store has gone back in time. Only an adoption takes it away.
-- KEYS: 1 gate
-- ARGV: 1 lineage that the caller compared, 2 what it found, in words, 3 hint channel
-- Answers: {'marked'} | {'other-lineage'}: it has been adopted meanwhile
if (redis.call('HGET', KEYS[1], 'lineage') or '') ~= ARGV[1] then
  return { 'other-lineage' }
end
if redis.call('HSETNX', KEYS[1], 'wentBack', ARGV[2]) == 1 then
  redis.call('PUBLISH', ARGV[3], 'behind')
end
return { 'marked' }
