/** `broxiva/web`: one page, made from what the API answers. API_URL (http://broxiva-api), PORT (3000). */
import { serve } from '../http';

const { API_URL = 'http://broxiva-api', PORT = '3000' } = process.env;
const apiDeadlineMs = 5_000;

serve({
  port: Number(PORT),
  health: '/health',
  routes: {
    '/': async (_request, response) => {
      const answer = await fetch(`${API_URL}/api/products`, { signal: AbortSignal.timeout(apiDeadlineMs) });
      const products = (await answer.json()) as { name: string }[];
      const items = products.map(({ name }) => `<li>${name}</li>`).join('');
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>Broxiva</h1><ul>${items}</ul>`);
    },
  },
});
