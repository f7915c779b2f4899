/**
 * Authentication by OAuth2: JSON Web Tokens and token introspection. Guide: docs/OAUTH2.md.
 * @module sfu-relay/auth
 */
export type { AuthRequest, NoPrincipal, Principal } from '../../access/authentication.js';
export { cookie } from '../../access/cookie.js';
export type { Grants, TrackSource } from '../../protocol/types.js';
export type { Logger } from '../../util/logger.js';
export { type Claims, type MapClaims, type VideoClaim, videoGrants } from './claims.js';
export { type IntrospectionOptions, introspection } from './introspection.js';
export { type JwtOptions, jwt } from './jwt.js';
export type { JwtAlgorithm } from './jwt-keys.js';
export type { AuthenticateByToken, GetToken } from './token.js';
