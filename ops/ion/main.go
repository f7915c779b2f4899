// Command ion runs the SFU service of Ion v1.10.0, unmodified, as a production server: README.md says what that adds.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	conf, err := readConfig(os.Args[1:], os.LookupEnv, os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ion:", err)
		os.Exit(exitUsage)
	}
	if err := run(conf); err != nil {
		fmt.Fprintln(os.Stderr, "ion:", err)
		os.Exit(exitFailure)
	}
}

// run serves until a signal has stopped the server. The process's end closes what is still open.
func run(conf *config) error {
	server, err := newServer(conf)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	failed := make(chan error, 1)
	server.start(failed)
	select {
	case err := <-failed:
		return err
	case received := <-signals:
		log.Printf("%s: waiting up to %s until %d streams have ended", received, conf.stopTimeout, server.streams.count())
	}
	server.stop(conf.stopTimeout, signals)
	log.Print("stopped")
	return nil
}
