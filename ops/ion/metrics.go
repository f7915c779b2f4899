package main

import (
	"fmt"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	openedStreams = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_streams_opened_total", Help: "Signal streams since the start.",
	})
	refusedStreams = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_streams_refused_total", Help: "Signal streams refused because the server was stopping.",
	})
	recoveredPanics = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_panics_recovered_total", Help: "Panics of stream handlers; each ended its own stream only.",
	})
	closedPeers = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_abandoned_peers_closed_total", Help: "Peers that Ion had left in their room at the end of their stream.",
	})
	restoredViewers = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_viewers_restored_total", Help: "Viewers that Ion had taken off their simulcast layer as another one left it.",
	})
	stalledStreams = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "ion_streams_stalled_total", Help: "Signal streams ended because their client took no messages.",
	})
)

// observe registers the metrics beside those of the process, of Go and, by sfu.withstats, of Ion.
func observe(streams *streams, rooms *rooms) {
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(value())
		})
	}
	prometheus.MustRegister(
		openedStreams, refusedStreams, recoveredPanics, closedPeers, restoredViewers, stalledStreams,
		gauge("ion_streams", "Open Signal streams.", streams.count),
		gauge("ion_rooms", "Rooms (Ion's sessions).", rooms.count),
		gauge("ion_peers", "Peers in the rooms.", rooms.peers),
		gauge("ion_cpus", "CPUs that the process may use at once.", func() int { return runtime.GOMAXPROCS(0) }),
	)
}

// handler serves /metrics and /healthz.
func handler(health *healthState) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.Handler())
	mux.HandleFunc("/healthz", func(response http.ResponseWriter, _ *http.Request) {
		if !health.serving() {
			http.Error(response, "stopping", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(response, "ok")
	})
	return mux
}
