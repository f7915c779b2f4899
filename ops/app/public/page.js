// A room: /?room=lobby#token=…  With &turn, media takes the way through the TURN server only.
import { connect } from '/sfu-relay/client.js';

const query = new URLSearchParams(location.search);
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
const rtcConfiguration = query.has('turn') ? { iceTransportPolicy: 'relay' } : {};
const state = document.getElementById('state');
const button = document.getElementById('publish');

function show(stream, title) {
  if (document.getElementById(stream.id)) return; // audio and video of a stream arrive one after the other
  const video = Object.assign(document.createElement('video'), { id: stream.id, title, srcObject: stream });
  Object.assign(video, { autoplay: true, playsInline: true, muted: true });
  document.querySelector('main').append(video);
}

try {
  const client = await connect(`${location.origin.replace('http', 'ws')}/rtc`, { token, rtcConfiguration });
  client.on('state', (name) => {
    state.textContent = name;
  });
  client.on('track', ({ stream, userId }) => show(stream, userId));
  client.on('close', ({ code, reason }) => {
    state.textContent = `closed: ${code} ${reason}`;
  });
  await client.join({ roomId: query.get('room') ?? 'lobby' });
  window.client = client;
  state.textContent = 'joined';
  button.disabled = false;
  button.onclick = async () => {
    await client.publish(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
    state.textContent = 'published';
  };
} catch (error) {
  state.textContent = String(error);
}
