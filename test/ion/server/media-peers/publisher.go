package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/pion/dtls/v2"
	"github.com/pion/dtls/v2/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v2/pkg/crypto/selfsign"
	"github.com/pion/ice/v2"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v2"
)

// Payloads that the SFU takes for key frames: a VP8 payload descriptor (RFC 7741) and the first bytes of a 16 x 16 key frame;
// a slice of an H.264 IDR picture; and silence.
var payloads = map[string][]byte{
	"VP8":  {0x10, 0x10, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00},
	"VP9":  {0x8c, 0x80, 0x01, 0x00, 0x00},
	"H264": {0x65, 0x88, 0x84, 0x00, 0x10},
	"OPUS": {0xf8, 0xff, 0xfe},
}

var algorithms = map[string]crypto.Hash{"sha-1": crypto.SHA1, "sha-256": crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}

const packetInterval = 20 * time.Millisecond

type publisher struct {
	id          string
	mux         ice.UDPMux
	agent       *ice.Agent
	certificate tls.Certificate
	ctx         context.Context
	cancel      context.CancelFunc
}

func newPublisher(c command) (peer, error) {
	mux, err := loopback()
	if err != nil {
		return nil, err
	}
	agent, err := ice.NewAgent(&ice.AgentConfig{
		NetworkTypes:     []ice.NetworkType{ice.NetworkTypeUDP4},
		CandidateTypes:   []ice.CandidateType{ice.CandidateTypeHost},
		MulticastDNSMode: ice.MulticastDNSModeDisabled,
		UDPMux:           mux,
		LocalUfrag:       c.Ufrag,
		LocalPwd:         c.Pwd,
	})
	if err != nil {
		return nil, err
	}
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return nil, err
	}
	fingerprints := map[string]string{}
	for name, algorithm := range algorithms {
		value, err := fingerprint.Fingerprint(parsed, algorithm)
		if err != nil {
			return nil, err
		}
		fingerprints[name] = strings.ToUpper(value)
	}
	if err := agent.OnCandidate(func(ice.Candidate) {}); err != nil {
		return nil, err
	}
	if err := agent.GatherCandidates(); err != nil {
		return nil, err
	}
	ufrag, pwd, err := agent.GetLocalUserCredentials()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	tell(event{Event: "transport", ID: c.ID, Ufrag: ufrag, Pwd: pwd, Fingerprints: fingerprints})
	return &publisher{c.ID, mux, agent, certificate, ctx, cancel}, nil
}

func (p *publisher) command(c command) error {
	switch c.Op {
	case "connect":
		go func() {
			if err := p.connect(c); err != nil {
				tell(event{Event: "error", ID: p.id, Message: err.Error()})
			}
		}()
		return nil
	case "candidate":
		candidate, err := ice.UnmarshalCandidate(strings.TrimPrefix(c.Candidate, "candidate:"))
		if err != nil {
			return err
		}
		return p.agent.AddRemoteCandidate(candidate)
	}
	return fmt.Errorf("a publisher knows no %q", c.Op)
}

func (p *publisher) connect(c command) error {
	conn, err := p.agent.Dial(p.ctx, c.Ufrag, c.Pwd)
	if err != nil {
		return err
	}
	handshake, media := split(conn)
	config := &dtls.Config{
		Certificates:           []tls.Certificate{p.certificate},
		SRTPProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80},
		ClientAuth:             dtls.RequireAnyClientCert,
		InsecureSkipVerify:     true,
	}
	ctx, done := context.WithTimeout(p.ctx, 10*time.Second)
	defer done()
	var secured *dtls.Conn
	if c.IsClient {
		secured, err = dtls.ClientWithContext(ctx, handshake, config)
	} else {
		secured, err = dtls.ServerWithContext(ctx, handshake, config)
	}
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	keys := &srtp.Config{Profile: srtp.ProtectionProfileAes128CmHmacSha1_80}
	state := secured.ConnectionState()
	if err := keys.ExtractSessionKeysFromDTLS(&state, c.IsClient); err != nil {
		return err
	}
	session, err := srtp.NewSessionSRTP(media, keys)
	if err != nil {
		return err
	}
	writer, err := session.OpenWriteStream()
	if err != nil {
		return err
	}
	tell(event{Event: "connected", ID: p.id})
	ticker := time.NewTicker(packetInterval)
	defer ticker.Stop()
	for number := uint16(1); ; number++ {
		select {
		case <-p.ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, s := range c.Streams {
			header := &rtp.Header{Version: 2, Marker: true, PayloadType: s.PayloadType, SequenceNumber: number, SSRC: s.SSRC}
			header.Timestamp = uint32(number) * 1800
			for _, e := range s.Extensions {
				if err := header.SetExtension(e.ID, []byte(e.Value)); err != nil {
					return err
				}
			}
			if _, err := writer.WriteRTP(header, payloads[s.Codec]); err != nil {
				return nil
			}
		}
	}
}

func (p *publisher) close() {
	p.cancel()
	_ = p.agent.Close()
	_ = p.mux.Close()
}
