import { test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeReal } from '../support/real.js';
import { useStage } from '../support/stage.js';
import { startIon } from '../support/ion.js';
describeReal(['chromium', 'ion'], 'x', () => {
  const stage = useStage(startIon);
  test.each([{simulcast:false},{simulcast:false,maxBitrate:2500000},{simulcast:true}])('%j', async (n) => {
    const publisher = await stage.enter('publisher');
    const small = await stage.enter('small', { role: 'subscriber' });
    const large = await stage.enter('large', { role: 'subscriber' });
    await publisher.publishCamera(n);
    const look = async (what: string) => {
      const out = await publisher.tab.page.evaluate(async () => [...(await window.client.publisher!.getStats()).values()].map((s) => s.type === 'outbound-rtp' && s.kind === 'video' ? `${s.rid} ${s.frameHeight} ${s.framesSent} ${s.qualityLimitationReason} ${s.targetBitrate} nack ${s.nackCount} rtx ${s.retransmittedPacketsSent}` : s.type==='candidate-pair' && s.nominated ? `BWE ${s.availableOutgoingBitrate} rtt ${s.currentRoundTripTime}` : s.type==='codec' ? s.mimeType : s.type === 'remote-inbound-rtp' ? `lost ${s.packetsLost} ${s.fractionLost}` : '').filter(Boolean).join('; '));
      console.log('|', JSON.stringify(n), what, '|', out);
    };
    for (let i = 0; i < 4; i++) { await sleep(3000); await look('set'); }
  });
});
