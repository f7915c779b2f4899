/** The first SIGTERM or Ctrl+C closes in order; a second one ends the process at once. */
export function closeOnSignal(close: () => Promise<void>): void {
  let isClosing = false;
  const onSignal = async () => {
    if (isClosing) process.exit(1);
    isClosing = true;
    try {
      await close();
      process.exit();
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
