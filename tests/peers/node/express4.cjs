// An API in Express 4. A set-up, with or without CORS, replaces the mark.
const express = require('express4')

// {{ CORS }}

app.get('/items', (_request, response) => response.json([1, 2, 3]))
app.put('/items/:number', (request, response) => response.json({ number: request.params.number }))
app.get('/broken', () => {
  throw new Error('broken on purpose')
})
app.listen(Number(process.env.PORT), '127.0.0.1')
