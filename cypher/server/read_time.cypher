// What the clock of the server says.
// access: read
RETURN datetime.realtime() AS now
