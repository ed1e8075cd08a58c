-- change-note: writes a status note only if it still is what the writer saw.
-- seen: the record that was seen ('' for none); next: the record to write.
-- Returns: {'done'} | {'refused'}
-- Invariant: of two guards that take up the same note, one posts it.
if (redis.call('HGET', keys.statusNotes, args.id) or '') ~= args.seen then
  return { 'refused' }
end
redis.call('HSET', keys.statusNotes, args.id, args.next)
return { 'done' }
