package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Stretch is a part of a fill: from so many joins to so many.
type Stretch struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Reading is what a fill has come to at so many joins.
type Reading struct {
	Joins   int     `json:"joins"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`
	LoadCPU float64 `json:"loadCpu"`
	Waited  float64 `json:"waited"`
	// Bytes of all frames to clients, and the number and the bytes of those to clients that had joined.
	Bytes        int64 `json:"bytes"`
	Messages     int64 `json:"messages"`
	MessageBytes int64 `json:"messageBytes"`
}

// Progress is said at the end of a stretch.
type Progress struct {
	Stretch Stretch `json:"stretch"`
	From    Reading `json:"from"`
	To      Reading `json:"to"`
	// Since the end of the last stretch: the longest frame, and milliseconds of the joins.
	Longest int64   `json:"longest"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
}

// fill is joins under way into one room.
type fill struct {
	crowd     *crowd
	start     time.Time
	stretches []Stretch
	// What was there before it began, and at the start of the current stretch.
	before, from Reading
	guard        sync.Mutex
	done         int
	outcome      Outcome
	// Since the end of the last stretch.
	took []time.Duration
}

// Fills one room: the publishers first, then viewers at a steady rate, whether the relay keeps up or not.
func (c *crowd) fill(command Command) Outcome {
	command.RoomSize = command.Count
	c.fillRooms(command)
	answered := c.sfu.answers.Load() + int64(command.Count)
	f := &fill{crowd: c, start: time.Now(), stretches: command.Stretches}
	f.before = f.read()
	c.traffic.longest.Store(0)
	c.offer, c.role = command.PublisherOffer, "publisher"
	for n := 0; n < command.Publishers; n++ {
		f.join()
	}
	c.offer, c.role = command.Offer, "subscriber"
	viewers := command.Count - command.Publishers
	var joins sync.WaitGroup
	joins.Add(viewers)
	join := func() {
		f.join()
		joins.Done()
	}
	if command.Rate > 0 {
		pace(time.Now(), command.Rate, viewers, func() { go join() })
	} else {
		var next atomic.Int64
		for worker := 0; worker < max(1, command.Window); worker++ {
			go func() {
				for next.Add(1) <= int64(viewers) {
					join()
				}
			}()
		}
	}
	joins.Wait()
	f.outcome.Count = command.Count
	c.expectAnswers(&f.outcome, answered-int64(f.outcome.Lost))
	if command.Pictures {
		c.expectPictures(&f.outcome)
	}
	return f.outcome
}

func (f *fill) join() {
	start := time.Now()
	s, err := f.crowd.connect(f.crowd.nextNumber())
	took := time.Since(start)
	f.guard.Lock()
	defer f.guard.Unlock()
	f.done++
	f.took = append(f.took, took)
	if err != nil {
		f.outcome.fail(1, err)
	} else {
		f.crowd.sessions = append(f.crowd.sessions, s)
	}
	if len(f.stretches) == 0 {
		return
	}
	switch current := f.stretches[0]; f.done {
	case current.From:
		f.from = f.read()
	case current.To:
		f.stretches = f.stretches[1:]
		f.tell(current)
	}
}

func (f *fill) tell(ended Stretch) {
	var latency Outcome
	latency.times(f.took)
	f.took = nil
	f.crowd.say(Progress{
		Stretch: ended, From: f.from, To: f.read(),
		Longest: f.crowd.traffic.longest.Swap(0), P50: latency.P50, P99: latency.P99,
	})
}

// Since the beginning.
func (f *fill) read() Reading {
	traffic := &f.crowd.traffic
	return Reading{
		Joins:        f.done,
		Seconds:      time.Since(f.start).Seconds(),
		CPU:          processCPU(f.crowd.pid).Seconds() - f.before.CPU,
		LoadCPU:      processCPU(os.Getpid()).Seconds() - f.before.LoadCPU,
		Waited:       processWait(f.crowd.pid).Seconds() - f.before.Waited,
		Bytes:        traffic.bytes.Load() - f.before.Bytes,
		Messages:     traffic.messages.Load() - f.before.Messages,
		MessageBytes: traffic.messageBytes.Load() - f.before.MessageBytes,
	}
}

// So many viewers leave at once, evenly from all of the room; those who stay have to learn of it.
func (c *crowd) burst(command Command) Outcome {
	outcome := Outcome{Count: command.Count}
	viewers := len(c.sessions) - command.Publishers
	if command.Count <= 0 || command.Count > viewers {
		outcome.fail(command.Count, fmt.Errorf("only %d viewers are there", viewers))
		return outcome
	}
	var leaving, staying []*session
	for n, s := range c.sessions {
		viewer := n - command.Publishers
		if viewer >= 0 && (viewer+1)*command.Count/viewers > viewer*command.Count/viewers {
			leaving = append(leaving, s)
		} else {
			staying = append(staying, s)
		}
	}
	c.sessions = staying
	start := time.Now()
	for _, s := range leaving {
		s.leaving = true
		if err := s.write(goodbye); err != nil {
			outcome.fail(1, err)
		}
	}
	if command.Pictures {
		c.expectPictures(&outcome)
		outcome.Right = time.Since(start).Seconds()
	}
	for _, s := range leaving {
		if err := s.closed(); err != nil {
			outcome.fail(1, err)
		}
	}
	if !eventually(func() bool { return c.sfu.streams.Load() <= int64(len(staying)) }) {
		outcome.fail(int(c.sfu.streams.Load())-len(staying), fmt.Errorf("streams are left on the SFU"))
	}
	return outcome
}

// Waits until the relay has closed all connections, and tells with which codes.
func (c *crowd) closed(command Command) Outcome {
	outcome := Outcome{Count: len(c.sessions), Codes: map[int]int{}}
	start := time.Now()
	late := time.After(2 * patience)
	for n, s := range c.sessions {
		select {
		case <-s.done:
		case <-late:
			outcome.fail(len(c.sessions)-n, fmt.Errorf("connections are open after %s", 2*patience))
			return outcome
		}
		var closing closeError
		if errors.As(s.err, &closing) {
			outcome.Codes[closing.code]++
		} else {
			outcome.fail(1, fmt.Errorf("a connection ended without a close frame: %w", s.err))
		}
	}
	outcome.Max = float64(time.Since(start).Nanoseconds()) / 1e6
	c.sessions = nil
	return outcome
}

// Cuts all connections at once, and all come back at once.
func (c *crowd) cut(command Command) Outcome {
	last := c.sessions
	outcome := Outcome{Count: len(last)}
	answered := c.sfu.answers.Load() + int64(len(last))
	took := make([]time.Duration, len(last))
	back := make([]*session, len(last))
	start := time.Now()
	for _, s := range last {
		s.leaving = true
		s.conn.Close()
	}
	var guard sync.Mutex
	var joins sync.WaitGroup
	joins.Add(len(last))
	for n := range last {
		go func(n int) {
			defer joins.Done()
			s, err := last[n], error(nil)
			if c.resumes {
				err = c.resume(s)
			} else {
				s, err = c.connectAgain(last[n].number, last[n])
			}
			took[n] = time.Since(start)
			back[n] = s
			if err != nil {
				guard.Lock()
				outcome.fail(1, err)
				guard.Unlock()
			}
		}(n)
	}
	joins.Wait()
	outcome.times(took)
	c.sessions = nil
	for _, s := range back {
		if s != nil {
			c.sessions = append(c.sessions, s)
		}
	}
	if !c.resumes {
		c.expectAnswers(&outcome, answered-int64(outcome.Lost))
	}
	if command.Pictures {
		c.expectPictures(&outcome)
		outcome.Right = time.Since(start).Seconds()
	}
	return outcome
}
