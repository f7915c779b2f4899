package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/ice/v2"
	"github.com/pion/webrtc/v3"
)

// A track is received when so many of its packets have come.
const received = 5

type viewer struct {
	id  string
	mux ice.UDPMux
	pc  *webrtc.PeerConnection
	mu  sync.Mutex
	// Candidates that came before the first offer.
	early   []string
	flowing sync.Mutex
	flows   map[string]*flow
}

// flow is how a track's packets come.
type flow struct {
	last    time.Time
	longest time.Duration
}

func newViewer(id string) (peer, error) {
	mux, err := loopback()
	if err != nil {
		return nil, err
	}
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetICEUDPMux(mux)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	v := &viewer{id: id, mux: mux, pc: pc, flows: map[string]*flow{}}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		name := fmt.Sprintf("%s %s %s", track.Kind(), track.StreamID(), track.ID())
		for n := 1; ; n++ {
			if _, _, err := track.ReadRTP(); err != nil {
				v.ended(name)
				return
			}
			v.arrived(name)
			if n == received {
				tell(event{Event: "media", ID: id, Track: name})
			}
		}
	})
	return v, nil
}

func (v *viewer) arrived(track string) {
	now := time.Now()
	v.flowing.Lock()
	defer v.flowing.Unlock()
	f := v.flows[track]
	if f == nil {
		f = &flow{last: now}
		v.flows[track] = f
	}
	f.stretch(now)
	f.last = now
}

func (f *flow) stretch(now time.Time) {
	if gap := now.Sub(f.last); gap > f.longest {
		f.longest = gap
	}
}

func (v *viewer) ended(track string) {
	v.flowing.Lock()
	defer v.flowing.Unlock()
	delete(v.flows, track)
}

// gaps tells of the longest time without a packet of each track, since it was last asked.
func (v *viewer) gaps() {
	v.flowing.Lock()
	defer v.flowing.Unlock()
	longest := map[string]int64{}
	for track, f := range v.flows {
		f.stretch(time.Now())
		longest[track] = f.longest.Milliseconds()
		f.longest = 0
	}
	tell(event{Event: "gaps", ID: v.id, Gaps: longest})
}

func (v *viewer) command(c command) error {
	switch c.Op {
	case "offer":
		go func() {
			if err := v.answer(c.SDP); err != nil {
				tell(event{Event: "error", ID: v.id, Message: err.Error()})
			}
		}()
		return nil
	case "candidate":
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.pc.RemoteDescription() == nil {
			v.early = append(v.early, c.Candidate)
			return nil
		}
		return v.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: c.Candidate})
	case "gaps":
		v.gaps()
		return nil
	}
	return fmt.Errorf("a viewer knows no %q", c.Op)
}

func (v *viewer) answer(offer string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return err
	}
	for _, candidate := range v.early {
		if err := v.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: candidate}); err != nil {
			return err
		}
	}
	v.early = nil
	answer, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := v.pc.SetLocalDescription(answer); err != nil {
		return err
	}
	tell(event{Event: "answer", ID: v.id, SDP: answer.SDP})
	return nil
}

func (v *viewer) close() {
	_ = v.pc.Close()
	_ = v.mux.Close()
}
