// Generated from src/protocol/messages.ts: npm run generate

export const wireSchema: Readonly<Record<string, unknown>> = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "sfu-relay.v1",
  "description": "The messages between browser and relay, one a text frame: JSON-RPC 2.0. Members that a receiver does not know are to be ignored.",
  "anyOf": [
    {
      "$ref": "#/$defs/ClientMessage"
    },
    {
      "$ref": "#/$defs/RelayMessage"
    }
  ],
  "$defs": {
    "ClientMessage": {
      "description": "What a client sends. It may leave `jsonrpc` out.",
      "anyOf": [
        {
          "$ref": "#/$defs/authenticate.request"
        },
        {
          "$ref": "#/$defs/join.request"
        },
        {
          "$ref": "#/$defs/attach.request"
        },
        {
          "$ref": "#/$defs/rejoin.request"
        },
        {
          "$ref": "#/$defs/offer.request"
        },
        {
          "$ref": "#/$defs/subscribe.request"
        },
        {
          "$ref": "#/$defs/update.request"
        },
        {
          "$ref": "#/$defs/message.request"
        },
        {
          "$ref": "#/$defs/stats.request"
        },
        {
          "$ref": "#/$defs/moderate.request"
        },
        {
          "$ref": "#/$defs/leave.request"
        },
        {
          "$ref": "#/$defs/ping.request"
        },
        {
          "$ref": "#/$defs/answer.notification"
        },
        {
          "$ref": "#/$defs/trickle.notification"
        }
      ]
    },
    "RelayMessage": {
      "description": "What the relay sends.",
      "anyOf": [
        {
          "$ref": "#/$defs/relay.joined"
        },
        {
          "$ref": "#/$defs/relay.offer"
        },
        {
          "$ref": "#/$defs/relay.trickle"
        },
        {
          "$ref": "#/$defs/relay.rejoin"
        },
        {
          "$ref": "#/$defs/relay.participants"
        },
        {
          "$ref": "#/$defs/relay.tracks"
        },
        {
          "$ref": "#/$defs/relay.expiring"
        },
        {
          "$ref": "#/$defs/relay.message"
        },
        {
          "$ref": "#/$defs/relay.grants"
        },
        {
          "$ref": "#/$defs/relay.mute"
        },
        {
          "$ref": "#/$defs/relay.room"
        },
        {
          "$ref": "#/$defs/relay.goaway"
        },
        {
          "$ref": "#/$defs/authenticate.result"
        },
        {
          "$ref": "#/$defs/join.result"
        },
        {
          "$ref": "#/$defs/attach.result"
        },
        {
          "$ref": "#/$defs/rejoin.result"
        },
        {
          "$ref": "#/$defs/offer.result"
        },
        {
          "$ref": "#/$defs/subscribe.result"
        },
        {
          "$ref": "#/$defs/update.result"
        },
        {
          "$ref": "#/$defs/message.result"
        },
        {
          "$ref": "#/$defs/stats.result"
        },
        {
          "$ref": "#/$defs/moderate.result"
        },
        {
          "$ref": "#/$defs/leave.result"
        },
        {
          "$ref": "#/$defs/ping.result"
        },
        {
          "$ref": "#/$defs/error"
        }
      ]
    },
    "authenticate.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "authenticate"
        },
        "params": {
          "type": "object",
          "properties": {
            "token": {
              "type": "string"
            }
          },
          "required": [
            "token"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false,
      "description": "As the first request, where the handshake had no token; later, to bring a newer one."
    },
    "authenticate.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "properties": {
            "userId": {
              "type": [
                "string",
                "null"
              ]
            }
          },
          "required": [
            "userId"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "join.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "join"
        },
        "params": {
          "$ref": "#/$defs/JoinParams"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "join.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "attach.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "attach"
        },
        "params": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "sessionToken": {
              "type": "string"
            },
            "capabilities": {
              "type": "array",
              "items": {
                "anyOf": [
                  {
                    "$ref": "#/$defs/Capability"
                  },
                  {
                    "type": "string"
                  }
                ]
              },
              "description": "What is not known here is ignored."
            }
          },
          "required": [
            "sessionId"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false,
      "description": "Takes over a session of the same user: one that was created over HTTP, or is on another connection. With its session token, where the application names no user."
    },
    "attach.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "rejoin.request": {
      "description": "As `join`, of a session that goes on: nobody hears of it, and no limit of joins counts it.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "rejoin"
        },
        "params": {
          "type": "object",
          "properties": {
            "peer": {
              "type": "number",
              "description": "The number of the new peer, greater than those of all before; the first one of a session is 1."
            },
            "offer": {
              "$ref": "#/$defs/SessionDescription",
              "description": "Of a new publisher connection, with all that is to be published."
            },
            "renamed": {
              "type": "object",
              "additionalProperties": {
                "type": "string"
              },
              "description": "Its track ids, by the ids that the same tracks have had so far. The SFU needs new ones."
            }
          },
          "required": [
            "peer",
            "offer"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "rejoin.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "offer.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "offer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "desc": {
              "$ref": "#/$defs/SessionDescription"
            }
          },
          "required": [
            "desc"
          ]
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "offer.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/SessionDescription"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "subscribe.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "subscribe"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "subscriptions": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Subscription"
              }
            }
          },
          "required": [
            "subscriptions"
          ]
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "subscribe.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "update.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "update"
        },
        "params": {
          "$ref": "#/$defs/ParticipantUpdate"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "update.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "message.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "message"
        },
        "params": {
          "$ref": "#/$defs/OutgoingMessage"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "message.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/MessageReceipt"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "stats.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "stats"
        },
        "params": {
          "type": "object",
          "properties": {
            "report": {
              "$ref": "#/$defs/StatsReport"
            }
          },
          "required": [
            "report"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "stats.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/SessionStats"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "moderate.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "moderate"
        },
        "params": {
          "$ref": "#/$defs/ModerateParams"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "moderate.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "leave.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "leave"
        },
        "params": {
          "$ref": "#/$defs/PeerParams"
        }
      },
      "required": [
        "method",
        "id"
      ],
      "additionalProperties": false,
      "description": "With `peer`: only the peer that a `rejoin` has replaced."
    },
    "leave.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "ping.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "ping"
        },
        "params": {
          "not": {}
        }
      },
      "required": [
        "method",
        "id"
      ],
      "additionalProperties": false
    },
    "ping.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "answer.notification": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "answer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "desc": {
              "$ref": "#/$defs/SessionDescription"
            }
          },
          "required": [
            "desc"
          ]
        }
      },
      "required": [
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "trickle.notification": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "trickle"
        },
        "params": {
          "$ref": "#/$defs/TrickleParams"
        }
      },
      "required": [
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.joined": {
      "description": "The first message of an event stream (server-sent events): what `join` results in on a WebSocket.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "joined"
        },
        "params": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.offer": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "offer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "type": {
              "type": "string",
              "enum": [
                "offer",
                "answer"
              ]
            },
            "sdp": {
              "type": "string"
            }
          },
          "required": [
            "sdp",
            "type"
          ]
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.trickle": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "trickle"
        },
        "params": {
          "$ref": "#/$defs/TrickleParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.rejoin": {
      "description": "The peer nears a limit: the client is to `rejoin`. Only to clients with that capability.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "rejoin"
        },
        "params": {
          "$ref": "#/$defs/RejoinNotice"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.participants": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "participants"
        },
        "params": {
          "$ref": "#/$defs/ParticipantsEvent"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.tracks": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "tracks"
        },
        "params": {
          "$ref": "#/$defs/TracksEvent"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.expiring": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "expiring"
        },
        "params": {
          "$ref": "#/$defs/ExpiringParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.message": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "message"
        },
        "params": {
          "anyOf": [
            {
              "$ref": "#/$defs/RoomMessage"
            },
            {
              "$ref": "#/$defs/MessageDeletion"
            }
          ]
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.grants": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "grants"
        },
        "params": {
          "$ref": "#/$defs/GrantsParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.mute": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "mute"
        },
        "params": {
          "$ref": "#/$defs/MuteParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.room": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "room"
        },
        "params": {
          "$ref": "#/$defs/RoomParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.goaway": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "goaway"
        },
        "params": {
          "$ref": "#/$defs/GoawayParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "error": {
      "description": "A request that is refused; its id is null where it could not be read, and for a notification.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number",
            "null"
          ]
        },
        "error": {
          "type": "object",
          "properties": {
            "code": {
              "type": "number"
            },
            "message": {
              "type": "string"
            },
            "data": {
              "type": "object",
              "properties": {
                "code": {
                  "type": "string"
                },
                "appCode": {
                  "type": "string",
                  "description": "The application's own code, where it has refused the request by one; `code` is then `ERR_RELAY_FORBIDDEN`."
                },
                "retryable": {
                  "type": "boolean",
                  "description": "Whether the same request may succeed later."
                },
                "retryAfterMs": {
                  "type": "number",
                  "description": "ms after which it may, where that is known."
                },
                "method": {
                  "type": "string",
                  "description": "The method of a refused notification; its error has `id: null`."
                },
                "closeCode": {
                  "type": "number",
                  "description": "This error ends the connection: it has `id: null`, and the close frame with this code follows."
                }
              },
              "required": [
                "code",
                "retryable"
              ],
              "additionalProperties": false
            }
          },
          "required": [
            "code",
            "message"
          ],
          "additionalProperties": false,
          "description": "A JSON-RPC error object. `data.code` is stable, `message` is for people."
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "error"
      ],
      "additionalProperties": false
    },
    "JoinParams": {
      "type": "object",
      "properties": {
        "sid": {
          "type": "string",
          "description": "The room."
        },
        "uid": {
          "type": "string",
          "description": "The user; what authentication says wins."
        },
        "offer": {
          "$ref": "#/$defs/SessionDescription"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "config": {
          "type": "object",
          "additionalProperties": {},
          "description": "Flags of ion-sdk-js, `true` or `\"true\"`: `NoPublish`, `NoSubscribe`, `NoAutoSubscribe`. Others are ignored."
        },
        "metadata": {
          "$ref": "#/$defs/Metadata"
        },
        "replaces": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "sessionToken": {
              "type": "string"
            }
          },
          "required": [
            "sessionId",
            "sessionToken"
          ],
          "additionalProperties": false,
          "description": "The session that this client has lost the connection of: it ends, and the new one takes its place. One that has ended already is ignored."
        },
        "capabilities": {
          "type": "array",
          "items": {
            "anyOf": [
              {
                "$ref": "#/$defs/Capability"
              },
              {
                "type": "string"
              }
            ]
          },
          "description": "What is not known here is ignored."
        }
      },
      "required": [
        "sid",
        "offer"
      ],
      "additionalProperties": false,
      "description": "`join`, client → relay."
    },
    "SessionDescription": {
      "type": "object",
      "properties": {
        "type": {
          "type": "string",
          "enum": [
            "offer",
            "answer"
          ]
        },
        "sdp": {
          "type": "string"
        }
      },
      "required": [
        "type",
        "sdp"
      ],
      "additionalProperties": false,
      "description": "A session description (W3C `RTCSessionDescriptionInit`)."
    },
    "Role": {
      "type": "string",
      "enum": [
        "publisher",
        "subscriber"
      ],
      "description": "What a participant does in a room; a shorthand for grants. A publisher sends and receives media, a subscriber receives only."
    },
    "Metadata": {
      "type": "object",
      "additionalProperties": {},
      "description": "What a participant tells the room of itself: JSON, of up to 4 KiB."
    },
    "Capability": {
      "type": "string",
      "const": "rejoin",
      "description": "What a client can do beyond the methods that all have: `rejoin`, replace its peer on the SFU."
    },
    "JoinResult": {
      "type": "object",
      "properties": {
        "type": {
          "type": "string",
          "const": "answer"
        },
        "sdp": {
          "type": "string"
        },
        "sessionId": {
          "type": "string"
        },
        "sessionToken": {
          "type": "string",
          "description": "Proves that the session is this client's own, for `attach`, `replaces` and over HTTP. Given once, in the result of `join`: the relay keeps only its hash. A secret."
        },
        "capabilities": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Capability"
          },
          "description": "Those of the client's that are in effect."
        },
        "peer": {
          "type": "number",
          "description": "The number of the session's current peer on the SFU."
        },
        "roomId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "grants": {
          "$ref": "#/$defs/Grants"
        },
        "muted": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "Of one's own tracks, those that a moderator has cut off."
        },
        "locked": {
          "type": "boolean",
          "description": "Whether nobody may join now."
        },
        "participants": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "The others, with their tracks, as of `revision`."
        },
        "revision": {
          "type": "number"
        },
        "iceServers": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/IceServer"
          }
        },
        "maxMessageBytes": {
          "type": "number",
          "description": "A longer message is not taken."
        },
        "messages": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/RoomMessage"
          },
          "description": "What the room was told before: of kinds with a history the newest, of those that are counted the totals."
        }
      },
      "required": [
        "capabilities",
        "grants",
        "iceServers",
        "locked",
        "maxMessageBytes",
        "messages",
        "muted",
        "participants",
        "peer",
        "revision",
        "role",
        "roomId",
        "sdp",
        "sessionId",
        "type",
        "userId"
      ],
      "additionalProperties": false,
      "description": "The result of `join`: the answer, and what the client has to know of the room."
    },
    "Grants": {
      "type": "object",
      "properties": {
        "room": {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "type": "array",
              "items": {
                "type": "string"
              }
            }
          ],
          "description": "The rooms that it may join: a name, a pattern in which `*` stands for any characters (`class-*`), or a list of them.",
          "default": "any"
        },
        "canPublish": {
          "type": "boolean",
          "description": "Send audio and video.",
          "default": true
        },
        "canPublishSources": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/TrackSource"
          },
          "description": "What it may send. A source is the client's word, so its kind is what is enforced: `camera` and `screen_share` are video, `microphone` and `screen_share_audio` are audio.",
          "default": "all"
        },
        "maxTracks": {
          "type": "number",
          "description": "Tracks that it may send at a time.",
          "default": 16
        },
        "canSubscribe": {
          "type": "boolean",
          "description": "Receive the others' tracks.",
          "default": true
        },
        "canPublishData": {
          "type": "boolean",
          "description": "Send messages to the room: chat, gifts, likes, and the application's own. Ion passes on every data channel that a client opens, so without this grant an offer may not have a section for them (`m=application`). ion-sdk-js always has one and so can't join without this grant; the client library has none. A session that has one ends with `ERR_RELAY_REJOIN` when this grant is taken away. It does not hold on the channels that others open: Ion opens them at each viewer, who can write on them without this grant. `dataChannels: 'refuse'` closes that, as nobody can open any then (docs/GUARD.md).",
          "default": true
        },
        "hidden": {
          "type": "boolean",
          "description": "Not shown to the others; can't publish.",
          "default": false
        },
        "roomAdmin": {
          "type": "boolean",
          "description": "Moderate the room: mute, remove and ban others, change what they may do, lock and end it.",
          "default": false
        }
      },
      "additionalProperties": false,
      "description": "What a participant may do; the names are LiveKit's. What is left out is allowed."
    },
    "TrackSource": {
      "type": "string",
      "enum": [
        "camera",
        "microphone",
        "screen_share",
        "screen_share_audio"
      ],
      "description": "Where a track comes from; LiveKit's names."
    },
    "Participant": {
      "type": "object",
      "properties": {
        "sessionId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "tracks": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Track"
          }
        },
        "metadata": {
          "$ref": "#/$defs/Metadata",
          "description": "What the participant tells of itself."
        }
      },
      "required": [
        "sessionId",
        "userId",
        "role",
        "tracks"
      ],
      "additionalProperties": false,
      "description": "One session of a room, as the others see it."
    },
    "Track": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string",
          "description": "The MediaStreamTrack's id, from the publisher's `a=msid`."
        },
        "streamId": {
          "type": "string",
          "description": "The MediaStream's id, from the publisher's `a=msid`; equal to `event.streams[0].id` at a subscriber."
        },
        "kind": {
          "type": "string",
          "enum": [
            "audio",
            "video"
          ]
        },
        "layers": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "The RIDs of the simulcast layers (`a=rid:… send`), empty without simulcast."
        },
        "muted": {
          "type": "boolean",
          "description": "What its publisher says of it; no media is touched by it."
        },
        "replacedBy": {
          "type": "string",
          "description": "In an event `removed`: the id of the track that takes its place. Its publisher sends the same on another connection."
        }
      },
      "required": [
        "trackId",
        "streamId",
        "kind",
        "layers",
        "muted"
      ],
      "additionalProperties": false,
      "description": "A published track, as the room knows it."
    },
    "IceServer": {
      "type": "object",
      "properties": {
        "urls": {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "type": "array",
              "items": {
                "type": "string"
              }
            }
          ]
        },
        "username": {
          "type": "string"
        },
        "credential": {
          "type": "string"
        }
      },
      "required": [
        "urls"
      ],
      "additionalProperties": false,
      "description": "An ICE server (W3C `RTCIceServer`)."
    },
    "RoomMessage": {
      "type": "object",
      "properties": {
        "id": {
          "type": "string",
          "description": "The relay's: no two are alike."
        },
        "kind": {
          "type": "string"
        },
        "data": {},
        "from": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "userId": {
              "type": "string"
            }
          },
          "required": [
            "sessionId",
            "userId"
          ],
          "additionalProperties": false,
          "description": "Left out where the server itself has sent it, or many have: likes."
        },
        "to": {
          "type": "string",
          "description": "The user that it is for alone."
        },
        "at": {
          "type": "number",
          "description": "ms since the epoch, by the relay's clock."
        }
      },
      "required": [
        "id",
        "kind",
        "data",
        "at"
      ],
      "additionalProperties": false,
      "description": "A message of a room, the same for all who get it."
    },
    "Subscription": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string"
        },
        "subscribe": {
          "type": "boolean"
        },
        "layer": {
          "type": "string",
          "description": "A RID of the track, exactly; left out without simulcast."
        }
      },
      "required": [
        "trackId",
        "subscribe"
      ],
      "additionalProperties": false,
      "description": "A wish to receive a track, or not to."
    },
    "ParticipantUpdate": {
      "type": "object",
      "properties": {
        "metadata": {
          "$ref": "#/$defs/Metadata"
        },
        "tracks": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "trackId": {
                "type": "string"
              },
              "muted": {
                "type": "boolean"
              }
            },
            "required": [
              "trackId",
              "muted"
            ],
            "additionalProperties": false
          },
          "description": "Of its own tracks."
        }
      },
      "additionalProperties": false,
      "description": "What a participant changes of itself; what is left out stays."
    },
    "OutgoingMessage": {
      "type": "object",
      "properties": {
        "kind": {
          "type": "string",
          "description": "One of the kinds that the relay's option `messages` declares."
        },
        "data": {
          "description": "JSON; what it has to be its kind says."
        },
        "to": {
          "type": "string",
          "description": "A user: all its sessions in the room get it, and nobody else.",
          "default": "everybody in the room, the sender too"
        },
        "id": {
          "type": "string",
          "description": "Of the sender's choice: what is sent again with the same one is carried out once. 1–128 characters."
        }
      },
      "required": [
        "kind"
      ],
      "additionalProperties": false,
      "description": "What is sent to a room."
    },
    "MessageReceipt": {
      "type": "object",
      "properties": {
        "id": {
          "type": "string",
          "description": "The message's id; left out where it was counted only, as likes are."
        },
        "at": {
          "type": "number",
          "description": "ms since the epoch, by the relay's clock."
        }
      },
      "required": [
        "at"
      ],
      "additionalProperties": false,
      "description": "What became of a message."
    },
    "StatsReport": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string"
          },
          "type": {
            "type": "string"
          },
          "timestamp": {
            "type": "number"
          }
        },
        "required": [
          "id",
          "type",
          "timestamp"
        ],
        "additionalProperties": {}
      },
      "description": "What `getStats()` gives, as a list (W3C webrtc-stats). Types other than `outbound-rtp`, `inbound-rtp`, `remote-inbound-rtp` and `candidate-pair` are ignored."
    },
    "SessionStats": {
      "type": "object",
      "properties": {
        "sessionId": {
          "type": "string"
        },
        "roomId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "videoBitrate": {
          "type": [
            "number",
            "null"
          ],
          "description": "bit/s"
        },
        "audioBitrate": {
          "type": [
            "number",
            "null"
          ],
          "description": "bit/s"
        },
        "packetLoss": {
          "type": [
            "number",
            "null"
          ],
          "description": "0–1"
        },
        "jitter": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms"
        },
        "roundTripTime": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms"
        },
        "updatedAt": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms since the epoch, by the relay's clock; null before the first report."
        }
      },
      "required": [
        "sessionId",
        "roomId",
        "userId",
        "role",
        "videoBitrate",
        "audioBitrate",
        "packetLoss",
        "jitter",
        "roundTripTime",
        "updatedAt"
      ],
      "additionalProperties": false,
      "description": "A session's figures, from its client's last two reports. Each is null until it is measured, and where the last report does not have it: bitrates, and the loss of what is received, need two reports."
    },
    "ModerateParams": {
      "anyOf": [
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "kick"
            },
            "userId": {
              "type": "string"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "ban"
            },
            "userId": {
              "type": "string"
            },
            "durationMs": {
              "type": "number"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "unban"
            },
            "userId": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "trackId": {
              "type": "string"
            },
            "action": {
              "type": "string",
              "enum": [
                "mute",
                "unmute"
              ]
            }
          },
          "required": [
            "action",
            "trackId"
          ]
        },
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "userId": {
              "type": "string"
            },
            "kind": {
              "type": "string",
              "enum": [
                "audio",
                "video"
              ]
            },
            "action": {
              "type": "string",
              "enum": [
                "mute",
                "unmute"
              ]
            }
          },
          "required": [
            "action",
            "userId"
          ]
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "enum": [
                "lock",
                "unlock"
              ]
            }
          },
          "required": [
            "action"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "end"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "updateGrants"
            },
            "sessionId": {
              "type": "string"
            },
            "grants": {
              "type": "object",
              "properties": {
                "canPublish": {
                  "type": "boolean",
                  "description": "Send audio and video.",
                  "default": true
                },
                "canPublishSources": {
                  "type": "array",
                  "items": {
                    "$ref": "#/$defs/TrackSource"
                  },
                  "description": "What it may send. A source is the client's word, so its kind is what is enforced: `camera` and `screen_share` are video, `microphone` and `screen_share_audio` are audio.",
                  "default": "all"
                },
                "maxTracks": {
                  "type": "number",
                  "description": "Tracks that it may send at a time.",
                  "default": 16
                },
                "canSubscribe": {
                  "type": "boolean",
                  "description": "Receive the others' tracks.",
                  "default": true
                },
                "canPublishData": {
                  "type": "boolean",
                  "description": "Send messages to the room: chat, gifts, likes, and the application's own. Ion passes on every data channel that a client opens, so without this grant an offer may not have a section for them (`m=application`). ion-sdk-js always has one and so can't join without this grant; the client library has none. A session that has one ends with `ERR_RELAY_REJOIN` when this grant is taken away. It does not hold on the channels that others open: Ion opens them at each viewer, who can write on them without this grant. `dataChannels: 'refuse'` closes that, as nobody can open any then (docs/GUARD.md).",
                  "default": true
                }
              },
              "additionalProperties": false
            }
          },
          "required": [
            "action",
            "sessionId",
            "grants"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "deleteMessage"
            },
            "messageId": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "messageId"
          ],
          "additionalProperties": false
        }
      ],
      "description": "`moderate`, client → relay: what a client with `roomAdmin` does in its own room."
    },
    "PeerParams": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number"
        }
      },
      "additionalProperties": false,
      "description": "Which of the session's peers on the SFU a message is of.",
      "default": "the current one"
    },
    "TrickleParams": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number"
        },
        "target": {
          "$ref": "#/$defs/Target"
        },
        "candidate": {
          "$ref": "#/$defs/IceCandidate"
        }
      },
      "required": [
        "target",
        "candidate"
      ],
      "additionalProperties": false
    },
    "Target": {
      "type": "number",
      "enum": [
        0,
        1
      ],
      "description": "The peer connection that a candidate belongs to: 0 the publisher's, 1 the subscriber's (Ion: `Target`)."
    },
    "IceCandidate": {
      "type": "object",
      "properties": {
        "candidate": {
          "type": "string"
        },
        "sdpMid": {
          "type": [
            "string",
            "null"
          ]
        },
        "sdpMLineIndex": {
          "type": [
            "number",
            "null"
          ]
        },
        "usernameFragment": {
          "type": [
            "string",
            "null"
          ]
        }
      },
      "required": [
        "candidate"
      ],
      "additionalProperties": false,
      "description": "An ICE candidate (W3C `RTCIceCandidateInit`)."
    },
    "RejoinNotice": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number",
          "description": "The number of the peer."
        },
        "afterMs": {
          "type": "number",
          "description": "ms to wait before: not all clients of a room at once."
        },
        "reason": {
          "type": "string"
        }
      },
      "required": [
        "peer",
        "afterMs",
        "reason"
      ],
      "additionalProperties": false,
      "description": "Which peer a client is to replace, and when."
    },
    "ParticipantsEvent": {
      "type": "object",
      "properties": {
        "revision": {
          "type": "number"
        },
        "state": {
          "type": "string",
          "enum": [
            "joined",
            "updated",
            "left"
          ]
        },
        "participant": {
          "$ref": "#/$defs/Participant"
        }
      },
      "required": [
        "revision",
        "state",
        "participant"
      ],
      "additionalProperties": false,
      "description": "One participant came, changed its metadata, or left. `revision` counts the room's changes by one."
    },
    "TracksEvent": {
      "type": "object",
      "properties": {
        "revision": {
          "type": "number"
        },
        "state": {
          "type": "string",
          "enum": [
            "added",
            "updated",
            "removed"
          ]
        },
        "sessionId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "tracks": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Track"
          }
        }
      },
      "required": [
        "revision",
        "state",
        "sessionId",
        "userId",
        "tracks"
      ],
      "additionalProperties": false,
      "description": "One participant's tracks came, changed, or went. `revision` counts the room's changes by one."
    },
    "ExpiringParams": {
      "type": "object",
      "properties": {
        "expiresInMs": {
          "type": "number",
          "description": "ms until the token expires."
        }
      },
      "required": [
        "expiresInMs"
      ],
      "additionalProperties": false,
      "description": "`expiring`, relay → client: bring another token by `authenticate`, or be put out with 4401."
    },
    "MessageDeletion": {
      "type": "object",
      "properties": {
        "deleted": {
          "type": "string"
        }
      },
      "required": [
        "deleted"
      ],
      "additionalProperties": false,
      "description": "A moderator has deleted the message of this id."
    },
    "GrantsParams": {
      "type": "object",
      "properties": {
        "grants": {
          "$ref": "#/$defs/Grants"
        },
        "role": {
          "$ref": "#/$defs/Role"
        }
      },
      "required": [
        "grants",
        "role"
      ],
      "additionalProperties": false,
      "description": "`grants`, relay → client: what this client may do has changed."
    },
    "MuteParams": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string"
        },
        "muted": {
          "type": "boolean"
        }
      },
      "required": [
        "trackId",
        "muted"
      ],
      "additionalProperties": false,
      "description": "`mute`, relay → client: a moderator has cut off this client's own track, or lets it be heard again."
    },
    "RoomParams": {
      "type": "object",
      "properties": {
        "locked": {
          "type": "boolean"
        }
      },
      "required": [
        "locked"
      ],
      "additionalProperties": false,
      "description": "`room`, relay → client."
    },
    "GoawayParams": {
      "type": "object",
      "properties": {
        "reason": {
          "type": "string"
        },
        "reconnectAfterMs": {
          "type": "number",
          "description": "ms to wait before connecting again."
        }
      },
      "required": [
        "reason",
        "reconnectAfterMs"
      ],
      "additionalProperties": false,
      "description": "`goaway`, relay → client: this relay is about to close the connection; connect again elsewhere."
    }
  }
};
