package main

import (
	"sync/atomic"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// signalling is the name of Ion's service, which grpc.health.v1 is asked for beside the whole server ("").
const signalling = "rtc.RTC"

// healthState is grpc.health.v1, and the same for /healthz.
type healthState struct {
	service  *health.Server
	stopping int32
}

func newHealth() *healthState {
	h := &healthState{service: health.NewServer()}
	h.service.SetServingStatus(signalling, grpc_health_v1.HealthCheckResponse_SERVING)
	return h
}

// stop says NOT_SERVING from now on, to those who watch as well.
func (h *healthState) stop() {
	atomic.StoreInt32(&h.stopping, 1)
	h.service.Shutdown()
}

func (h *healthState) serving() bool {
	return atomic.LoadInt32(&h.stopping) == 0
}
