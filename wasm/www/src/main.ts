/** The page: a bar, a view, and the keys. */
import './style/base.css';
import './style/lab.css';
import './style/stage.css';
import './style/nodes.css';
import './style/told.css';
import './style/tabs.css';
import './style/disk.css';
import './style/web.css';

import { Page } from './app/page.ts';

const root = document.getElementById('app');
if (root) void new Page(root).start();
