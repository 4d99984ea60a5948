import '../lib/header.js';
import '../lib/sign-in.js';
import './board.js';
import { session } from '../lib/session.js';

void session.start();
