package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// run is messages under way, each known by its serial number.
type run struct {
	// When each was sent, in ns since the start; how many of its arrivals are still to come.
	start   time.Time
	sentAt  []int64
	missing []atomic.Int32
	// How long each arrival took.
	took     []time.Duration
	arrivals atomic.Int64
	surplus  atomic.Int64
	expected int64
	done     chan struct{}
	// Called when all of one's arrivals are there.
	complete func()
}

func newRun(count, arrivalsEach int) *run {
	r := &run{
		start:    time.Now(),
		sentAt:   make([]int64, count),
		missing:  make([]atomic.Int32, count),
		took:     make([]time.Duration, count*arrivalsEach),
		expected: int64(count * arrivalsEach),
		done:     make(chan struct{}),
		complete: func() {},
	}
	for n := range r.missing {
		r.missing[n].Store(int32(arrivalsEach))
	}
	return r
}

func (c *crowd) arrived(serial int) {
	r := c.run.Load()
	if r == nil || serial >= len(r.sentAt) {
		return
	}
	left := r.missing[serial].Add(-1)
	if left < 0 {
		r.surplus.Add(1)
		return
	}
	n := r.arrivals.Add(1)
	r.took[n-1] = time.Since(r.start) - time.Duration(atomic.LoadInt64(&r.sentAt[serial]))
	if left == 0 {
		r.complete()
	}
	if n == r.expected {
		close(r.done)
	}
}

// Candidates to the SFU and back: `Window` of them under way, or `Rate` a second, on all sessions in turn.
func (c *crowd) rounds(command Command) Outcome {
	template := frame(trickleText(0))
	return c.exchange(command, 1, template)
}

// Messages to all in the room, whoever sends them.
func (c *crowd) messages(command Command) Outcome {
	return c.exchange(command, c.roomSize, frame(messageText(0)))
}

func (c *crowd) exchange(command Command, arrivalsEach int, template []byte) Outcome {
	sessions := c.sessions
	if command.Active > 0 && command.Active < len(sessions) {
		sessions = sessions[:command.Active]
	}
	if len(sessions) == 0 {
		return Outcome{Error: "no sessions have joined"}
	}
	r := newRun(command.Count, arrivalsEach)
	place := serialPlace(template)
	var next, failed atomic.Int64
	send := func() {
		serial := int(next.Add(1)) - 1
		if serial >= command.Count {
			return
		}
		text := withSerial(template, place, serial)
		atomic.StoreInt64(&r.sentAt[serial], int64(time.Since(r.start)))
		if sessions[serial%len(sessions)].write(text) != nil {
			failed.Add(1)
		}
	}
	if command.Rate == 0 {
		r.complete = send
	}
	c.run.Store(r)
	defer c.run.Store(nil)
	if command.Rate == 0 {
		for n := 0; n < command.Window; n++ {
			send()
		}
	} else {
		pace(r.start, command.Rate, command.Count, send)
	}
	for last := int64(-1); ; {
		select {
		case <-r.done:
		case <-time.After(patience):
			if now := r.arrivals.Load(); now != last {
				last = now
				continue
			}
		}
		break
	}
	outcome := Outcome{Count: command.Count}
	arrived := r.arrivals.Load()
	if lost := r.expected - arrived + r.surplus.Load(); lost > 0 {
		outcome.fail(int(lost), c.firstError(fmt.Errorf("%d of %d messages arrived, %d of them twice", arrived, r.expected, r.surplus.Load())))
	}
	outcome.times(r.took[:arrived])
	return outcome
}

// Why a session has ended that should not have, or else what is given.
func (c *crowd) firstError(otherwise error) error {
	for _, s := range c.sessions {
		select {
		case <-s.done:
			return s.err
		default:
		}
	}
	return otherwise
}

func pace(start time.Time, rate float64, count int, send func()) {
	for sent := 0; sent < count; {
		due := int(time.Since(start).Seconds() * rate)
		for ; sent < due && sent < count; sent++ {
			send()
		}
		time.Sleep(start.Add(time.Duration(float64(sent+1) / rate * 1e9)).Sub(time.Now()))
	}
}

// Where the serial number of a frame is.
func serialPlace(template []byte) int {
	for n := 0; n+serialDigits <= len(template); n++ {
		if string(template[n:n+serialDigits]) == "0000000000" {
			return n
		}
	}
	return 0
}

func withSerial(template []byte, place, serial int) []byte {
	text := append([]byte(nil), template...)
	for n := place + serialDigits - 1; n >= place; n-- {
		text[n] = byte('0' + serial%10)
		serial /= 10
	}
	return text
}
