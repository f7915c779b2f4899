import { type ChannelCredentials, Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';

/** The status in grpc.health.v1; 5, NOT_FOUND, is a gRPC status. */
type Health = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
const statuses: Health[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** A client of grpc.health.v1, as Kubernetes and load balancers are. */
export class HealthClient extends Client {
  constructor(address: string, security: ChannelCredentials = credentials.createInsecure()) {
    super(address, security);
  }

  /** Of one service; of the whole server without a name. */
  check(service = ''): Promise<Health> {
    return new Promise((resolve, reject) => {
      this.makeUnaryRequest<string, Health>(
        '/grpc.health.v1.Health/Check',
        encode,
        decode,
        service,
        (error, status) => (error ? reject(error) : resolve(status ?? 'UNKNOWN')),
      );
    });
  }

  /** What it becomes, starting with what it is. */
  watch(service = ''): ClientReadableStream<Health> {
    return this.makeServerStreamRequest('/grpc.health.v1.Health/Watch', encode, decode, service);
  }
}

/** HealthCheckRequest { string service = 1; } */
function encode(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length ? Buffer.concat([Buffer.from([0x0a, name.length]), name]) : name;
}

/** HealthCheckResponse { ServingStatus status = 1; } */
function decode(message: Buffer): Health {
  return statuses[message[1] ?? 0] ?? 'UNKNOWN';
}
