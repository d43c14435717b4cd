// Answers /health and nothing else.
const { createServer } = require("node:http");

const server = createServer((request, response) => {
  response.statusCode = request.url === "/health" ? 200 : 404;
  response.end();
});
server.listen(Number(process.env.PORT ?? 3000));
process.on("SIGTERM", () => server.close());
