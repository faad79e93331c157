/** Whether an address answers as something that serves does: with a status below 400, within two seconds. */
const answerMs = 2000;

export async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(answerMs) });
    await answer.arrayBuffer();
    return answer.status < 400;
  } catch {
    return false;
  }
}
