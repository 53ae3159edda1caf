const MAX_ATTEMPTS = 20;

/**
 * Has several sockets listen at one number, which the first finds free and another may find taken: then again, at
 * another number.
 *
 * @param close what listens already
 */
export async function atOnePort(listen: () => Promise<void>, close: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listen();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || attempt === MAX_ATTEMPTS) throw error;
      await close();
    }
  }
}
