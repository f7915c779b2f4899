package main

import (
	"fmt"
	"sync"

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
	early []string
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
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for n := 1; ; n++ {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			if n == received {
				tell(event{Event: "media", ID: id, Track: fmt.Sprintf("%s %s %s", track.Kind(), track.StreamID(), track.ID())})
			}
		}
	})
	return &viewer{id: id, mux: mux, pc: pc}, nil
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
