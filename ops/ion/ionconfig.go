package main

import (
	"fmt"
	"sort"
	"strings"

	ionlog "github.com/pion/ion-log"
	sfulog "github.com/pion/ion-sfu/pkg/logger"
	"github.com/pion/ion/pkg/node/sfu"
	"github.com/spf13/viper"
)

// known are the keys that Ion v1.10.0 has. It ignores all others without a word.
var known = map[string]bool{
	"log.level": true, "log.v": true, "global.dc": true, "nats.url": true,
	"sfu.ballast": true, "sfu.withstats": true,
	"router.withstats": true, "router.maxbandwidth": true, "router.maxpackettrack": true,
	"router.audiolevelthreshold": true, "router.audiolevelinterval": true, "router.audiolevelfilter": true,
	"router.simulcast.bestqualityfirst": true, "router.simulcast.enabletemporallayer": true,
	"webrtc.singleport": true, "webrtc.portrange": true, "webrtc.iceserver": true,
	"webrtc.sdpsemantics": true, "webrtc.mdns": true,
	"webrtc.candidates.icelite": true, "webrtc.candidates.nat1to1": true,
	"webrtc.timeouts.disconnected": true, "webrtc.timeouts.failed": true, "webrtc.timeouts.keepalive": true,
	"turn.enabled": true, "turn.realm": true, "turn.address": true, "turn.cert": true, "turn.key": true,
	"turn.portrange": true, "turn.auth.credentials": true, "turn.auth.secret": true,
}

// readIonConfig reads Ion's file by Ion's own code, and refuses what that accepts but can't use.
func readIonConfig(file string) (conf sfu.Config, err error) {
	defer func() {
		// Of a portrange with one number Ion's code dies.
		if failed := recover(); failed != nil {
			err = fmt.Errorf("read -config (ION_CONFIG) %q: %v", file, failed)
		}
	}()
	if err := conf.Load(file); err != nil {
		return conf, fmt.Errorf("read -config (ION_CONFIG) %q: %w", file, err)
	}
	var unknown []string
	for _, key := range viper.AllKeys() {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return conf, fmt.Errorf("%q has keys that Ion does not have: %s", file, strings.Join(unknown, ", "))
	}
	if conf.Router.AudioLevelInterval < 0 {
		return conf, fmt.Errorf("%q: router.audiolevelinterval must not be negative", file)
	}
	if conf.Router.MaxPacketTrack <= 0 {
		return conf, fmt.Errorf("%q: router.maxpackettrack must be more than 0", file)
	}
	if conf.Log.Level != "" {
		ionlog.Init(conf.Log.Level)
		// The SFU below Ion has a log of its own, which writes some thirty lines for each client by default.
		sfulog.SetVLevelByStringGlobal(conf.Log.Level)
	}
	return conf, nil
}
