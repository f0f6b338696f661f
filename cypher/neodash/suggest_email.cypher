// Suggest e-mail addresses that contain what was typed.
// access: read
MATCH (identifier:Identifier)
WHERE identifier.key STARTS WITH 'email:' AND identifier.value CONTAINS toLower(trim($input))
RETURN identifier.value AS value, identifier.value AS display
ORDER BY size(value), value
LIMIT 10
