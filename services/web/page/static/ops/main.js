import '../lib/header.js';
import '../lib/sign-in.js';
import './page.js';
import { session } from '../lib/session.js';

void session.start();
