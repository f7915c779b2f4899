package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/pion/ion/pkg/node/sfu"
)

// config is what the flags and the environment say, checked.
type config struct {
	ion         sfu.Config
	addr        string
	metricsAddr string
	// publicAddress and mediaPort are empty and 0 where those of Ion's file count.
	publicAddress string
	mediaPort     int
	// tls is nil for plaintext.
	tls              *tls.Config
	keepaliveTime    time.Duration
	keepaliveTimeout time.Duration
	minPingInterval  time.Duration
	sendTimeout      time.Duration
	stopTimeout      time.Duration
	maxMessageBytes  int
}

// readConfig reads the flags, and from the environment those that are not given.
func readConfig(args []string, env func(string) (string, bool), output io.Writer) (*config, error) {
	conf := &config{}
	flags := flag.NewFlagSet("ion", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&conf.addr, "addr", "127.0.0.1:5551", "host:port of the gRPC service; port 0 takes a free one")
	flags.StringVar(&conf.metricsAddr, "metrics-addr", "127.0.0.1:5552", "host:port of /metrics and /healthz over HTTP; empty: none")
	file := flags.String("config", "sfu.toml", "Ion's own configuration")
	flags.StringVar(&conf.publicAddress, "public-address", "", "IP address that browsers reach, instead of webrtc.candidates.nat1to1")
	flags.IntVar(&conf.mediaPort, "media-port", 0, "UDP port of all media, instead of webrtc.singleport")
	cert := flags.String("tls-cert", "", "the server's certificate chain in PEM; without it the service speaks plaintext")
	key := flags.String("tls-key", "", "the key of tls-cert in PEM")
	clientCA := flags.String("tls-client-ca", "", "the authorities in PEM of which every client must have a certificate (mTLS)")
	flags.DurationVar(&conf.keepaliveTime, "keepalive-time", 15*time.Second, "a connection that has sent nothing for so long is pinged")
	flags.DurationVar(&conf.keepaliveTimeout, "keepalive-timeout", 10*time.Second, "a connection that does not answer a ping for so long is closed, and its peers leave")
	flags.DurationVar(&conf.minPingInterval, "min-ping-interval", 5*time.Second, "clients that ping more often are disconnected (too_many_pings)")
	flags.DurationVar(&conf.sendTimeout, "send-timeout", 30*time.Second, "a stream whose client takes no message for so long is ended")
	flags.DurationVar(&conf.stopTimeout, "stop-timeout", 20*time.Second, "how long a stopping server waits until its streams have ended")
	flags.IntVar(&conf.maxMessageBytes, "max-message-bytes", 8<<20, "the largest message that a client may send")

	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			printUsage(flags, output)
		}
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := applyEnvironment(flags, env); err != nil {
		return nil, err
	}
	if err := conf.check(); err != nil {
		return nil, err
	}
	var err error
	if conf.tls, err = readTLS(*cert, *key, *clientCA); err != nil {
		return nil, err
	}
	if conf.ion, err = readIonConfig(*file); err != nil {
		return nil, err
	}
	if conf.publicAddress != "" {
		conf.ion.WebRTC.Candidates.NAT1To1IPs = []string{conf.publicAddress}
	}
	if conf.mediaPort > 0 {
		conf.ion.WebRTC.ICESinglePort = conf.mediaPort
	}
	return conf, nil
}

func printUsage(flags *flag.FlagSet, output io.Writer) {
	fmt.Fprintln(output, "Usage: ion [flags]. Each flag is also a variable: -keepalive-time is ION_KEEPALIVE_TIME.")
	flags.SetOutput(output)
	flags.PrintDefaults()
}

// variable is the environment's name of a flag: keepalive-time is ION_KEEPALIVE_TIME.
func variable(name string) string {
	return "ION_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func applyEnvironment(flags *flag.FlagSet, env func(string) (string, bool)) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var failed error
	flags.VisitAll(func(f *flag.Flag) {
		value, found := env(variable(f.Name))
		if !found || given[f.Name] || failed != nil {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = fmt.Errorf("invalid value %q for %s: %w", value, variable(f.Name), err)
		}
	})
	return failed
}

func (c *config) check() error {
	for name, addr := range map[string]string{"addr": c.addr, "metrics-addr": c.metricsAddr} {
		if addr == "" && name == "metrics-addr" {
			continue
		}
		if _, err := net.ResolveTCPAddr("tcp", addr); err != nil {
			return fmt.Errorf("invalid value %q for -%s (%s): write host:port: %w", addr, name, variable(name), err)
		}
	}
	for name, value := range map[string]time.Duration{
		// grpc-go takes less than a second for one.
		"keepalive-time":    c.keepaliveTime - time.Second,
		"keepalive-timeout": c.keepaliveTimeout - time.Second,
		"send-timeout":      c.sendTimeout - time.Millisecond,
		"min-ping-interval": c.minPingInterval,
		"stop-timeout":      c.stopTimeout,
	} {
		if value < 0 {
			return fmt.Errorf("-%s (%s) is too short", name, variable(name))
		}
	}
	if c.publicAddress != "" && net.ParseIP(c.publicAddress) == nil {
		return fmt.Errorf("invalid value %q for -public-address (%s): write an IP address", c.publicAddress, variable("public-address"))
	}
	if c.mediaPort < 0 || c.mediaPort > 65535 {
		return fmt.Errorf("invalid value %d for -media-port (%s): write 1-65535", c.mediaPort, variable("media-port"))
	}
	if c.maxMessageBytes < 64<<10 {
		return fmt.Errorf("-max-message-bytes (%s) is too small: offers of many tracks need 65536", variable("max-message-bytes"))
	}
	return nil
}
