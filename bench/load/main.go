// The other side of the benchmark, in one process: the SFU that the relay speaks to, and the clients that speak to the
// relay. It does what it is told on its standard input, one JSON command a line, and answers each with one JSON line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Command is what to do next; only the members that an action needs are set.
type Command struct {
	Do string `json:"do"`
	// target: the relay to load, and whose CPU to count.
	URL string `json:"url"`
	PID int    `json:"pid"`
	// How many: sessions of join, rounds, messages, cycles of churn.
	Count int `json:"count"`
	// How many at a time.
	Window int `json:"window"`
	// Sessions that take part, from the first; 0 for all.
	Active int `json:"active"`
	// Sessions that share a room.
	RoomSize int `json:"roomSize"`
	// Rounds a second; 0 for as many as the relay takes.
	Rate float64 `json:"rate"`
	// join, churn: what the sessions offer.
	Offer string `json:"offer"`
	// target: what clients and SFU answer, and the SFU offers.
	Answer    string `json:"answer"`
	SfuOffer  string `json:"sfuOffer"`
	SfuAnswer string `json:"sfuAnswer"`
}

// Outcome is what an action came to.
type Outcome struct {
	Count int `json:"count"`
	// Messages that did not arrive, or twice.
	Lost int `json:"lost"`
	// What went wrong first, if anything did.
	Error string `json:"error,omitempty"`
	// Seconds that it took.
	Seconds float64 `json:"seconds"`
	// CPU seconds of the relay's process in that time, and of this one.
	CPU     float64 `json:"cpu"`
	LoadCPU float64 `json:"loadCpu"`
	// Milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func main() {
	sfu, err := startSFU()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answer := json.NewEncoder(os.Stdout)
	_ = answer.Encode(map[string]string{"sfu": sfu.address})

	crowd := newCrowd(sfu)
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var command Command
		if err := json.Unmarshal(input.Bytes(), &command); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_ = answer.Encode(crowd.do(command))
	}
}

func (c *crowd) do(command Command) Outcome {
	switch command.Do {
	case "target":
		return c.aim(command)
	case "join":
		return c.measure(command, c.join)
	case "leave":
		return c.measure(command, c.leave)
	case "rounds":
		return c.measure(command, c.rounds)
	case "messages":
		return c.measure(command, c.messages)
	case "churn":
		return c.measure(command, c.churn)
	}
	return Outcome{Error: "no such action: " + command.Do}
}

// Runs an action and adds what it took of the machine.
func (c *crowd) measure(command Command, act func(Command) Outcome) Outcome {
	relayBefore, loadBefore, start := processCPU(c.pid), processCPU(os.Getpid()), time.Now()
	outcome := act(command)
	outcome.Seconds = time.Since(start).Seconds()
	outcome.CPU = (processCPU(c.pid) - relayBefore).Seconds()
	outcome.LoadCPU = (processCPU(os.Getpid()) - loadBefore).Seconds()
	return outcome
}
