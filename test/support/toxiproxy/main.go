// Toxiproxy, whose HTTP API listens on this port of 127.0.0.1: toxiproxy <port>
package main

import (
	"os"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func main() {
	metrics := toxiproxy.NewMetricsContainer(prometheus.NewRegistry())
	toxiproxy.NewServer(metrics, zerolog.New(os.Stdout)).Listen("127.0.0.1", os.Args[1])
}
