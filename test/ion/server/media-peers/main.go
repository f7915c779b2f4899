// Command media-peers has peers that send and receive media, for descriptions that somebody else writes: a publisher says
// nothing of itself but its transport, and sends the packets that it is told to. It takes commands and tells of events, one
// JSON text a line.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"net"
	"os"
	"sync"

	"github.com/pion/ice/v2"
)

type stream struct {
	SSRC        uint32      `json:"ssrc"`
	PayloadType uint8       `json:"payloadType"`
	Codec       string      `json:"codec"`
	Extensions  []extension `json:"extensions"`
}

type extension struct {
	ID    uint8  `json:"id"`
	Value string `json:"value"`
}

type command struct {
	Op string `json:"op"`
	ID string `json:"id"`
	// Of the other side, for "connect"; its own, for "publisher".
	Ufrag    string   `json:"ufrag"`
	Pwd      string   `json:"pwd"`
	IsClient bool     `json:"isClient"`
	Streams  []stream `json:"streams"`
	// For "offer".
	SDP string `json:"sdp"`
	// For "candidate".
	Candidate string `json:"candidate"`
}

type event struct {
	Event        string            `json:"event"`
	ID           string            `json:"id"`
	Ufrag        string            `json:"ufrag,omitempty"`
	Pwd          string            `json:"pwd,omitempty"`
	Fingerprints map[string]string `json:"fingerprints,omitempty"`
	SDP          string            `json:"sdp,omitempty"`
	Track        string            `json:"track,omitempty"`
	Message      string            `json:"message,omitempty"`
	// By track, in ms.
	Gaps map[string]int64 `json:"gaps,omitempty"`
}

type peer interface {
	command(command) error
	close()
}

// pion logs to os.Stdout, where nobody wants to read it.
var events, output = os.Stdout, sync.Mutex{}

func tell(e event) {
	line, err := json.Marshal(e)
	if err != nil {
		log.Fatal(err)
	}
	output.Lock()
	defer output.Unlock()
	_, _ = events.Write(append(line, '\n'))
}

// loopback is a socket of one peer. Peers could not share one: the SFU has one address for all of them.
func loopback() (ice.UDPMux, error) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	return ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket}), nil
}

func main() {
	os.Stdout = os.Stderr
	peers := map[string]peer{}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		var err error
		switch c.Op {
		case "publisher":
			peers[c.ID], err = newPublisher(c)
		case "viewer":
			peers[c.ID], err = newViewer(c.ID)
		case "close":
			if p := peers[c.ID]; p != nil {
				go p.close()
			}
			delete(peers, c.ID)
		default:
			if p := peers[c.ID]; p != nil {
				err = p.command(c)
			}
		}
		if err != nil {
			tell(event{Event: "error", ID: c.ID, Message: err.Error()})
		}
	}
}
