-- change-note: writes a status note only if it still is what the writer saw.
-- KEYS: 1 status notes (hash)
-- ARGV: 1 id, 2 the record that was seen ('' for none), 3 the record to write
-- Answers: {'done'} | {'refused'}
-- Invariant: of two guards that take up the same note, one posts it.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
  return { 'refused' }
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return { 'done' }
