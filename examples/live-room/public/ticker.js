// A worker's timer keeps its pace in a hidden tab, where requestAnimationFrame stops.
setInterval(() => postMessage(0), 1000 / 15);
