extension API {
    /// `/`: a page for people, with a query box, a plot and the targets. It asks the API for everything it shows.
    func page(_ call: Call) async throws(APIError) -> Answer {
        let title = "<title>\(htmlEscaped(options.pageTitle))</title>"
        let page = pageHTML.replacing("<title>tsdb</title>", with: title, maxReplacements: 1)
        return Answer(contentType: "text/html; charset=utf-8", body: .bytes(Array(page.utf8)))
    }
}

private func htmlEscaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
}

/// One file without outside assets: servers of pods have no internet to fetch them from. All text of the server's is set
/// as text, never as HTML.
private let pageHTML = #"""
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
    <title>tsdb</title>
    <style>
    :root{color-scheme:light dark;--bg:#fbfbfa;--fg:#1d1f21;--dim:#6b7075;--line:#dcdedf;--card:#fff;--hot:#c2410c}
    @media(prefers-color-scheme:dark){:root{--bg:#141617;--fg:#e6e7e8;--dim:#9aa0a6;--line:#303436;--card:#1c1f20;--hot:#fb923c}}
    *{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:20px;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}
    header{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:baseline;margin-bottom:14px}h1{font-size:20px;margin:0}h2{font-size:16px;margin:26px 0 8px}
    a{color:inherit;text-decoration-color:var(--hot);text-underline-offset:3px}.dim{color:var(--dim);font-size:13px}
    form{display:flex;gap:8px;flex-wrap:wrap}input,select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:7px;padding:7px 10px}
    #q{flex:1 1 320px;font-family:ui-monospace,monospace}button{cursor:pointer;border-color:var(--hot)}
    #out{background:var(--card);border:1px solid var(--line);border-radius:9px;margin-top:10px;padding:8px;overflow-x:auto}svg{display:block;width:100%;height:auto}
    svg text{fill:var(--dim);font-size:11px}#legend{display:grid;gap:2px;padding:6px 8px;font:12px ui-monospace,monospace;max-height:200px;overflow:auto}
    #legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:7px}table{border-collapse:collapse;width:100%;font-size:14px}
    td,th{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top}th{color:var(--dim);font-weight:500}.bad{color:var(--hot)}
    </style></head><body>
    <header><h1>tsdb</h1><span class="dim" id="about"></span>
    <a href="metrics">metrics</a><a href="api/v1/targets">targets</a><a href="api/v1/status/tsdb">series</a>
    <a href="api/v1/status/config">configuration</a><a href="api/v1/status/flags">flags</a></header>
    <form id="f"><input id="q" list="names" autocomplete="off" spellcheck="false" placeholder="a PromQL expression, such as up" aria-label="query">
    <datalist id="names"></datalist><select id="r" aria-label="range"><option value="900">15 min</option><option value="3600" selected>1 h</option>
    <option value="21600">6 h</option><option value="86400">1 day</option><option value="604800">7 days</option></select><button>Plot</button></form>
    <div id="out" hidden><div id="plot"></div><div id="legend"></div></div>
    <h2>Targets</h2><table><thead><tr><th>state<th>job<th>address<th>last scrape<th>error</tr></thead><tbody id="targets"></tbody></table>
    <script>
    const $=i=>document.getElementById(i),api=async p=>(await fetch('api/v1/'+p)).json();
    const make=(tag,at={},text)=>{const e=document.createElementNS('http://www.w3.org/2000/svg',tag);for(const k in at)e.setAttribute(k,at[k]);if(text!==undefined)e.textContent=text;return e};
    const colour=i=>`hsl(${(i*137.5+20)%360} 65% 52%)`;
    const name=m=>{const l=Object.entries(m).filter(([k])=>k!='__name__').map(([k,v])=>`${k}="${v}"`);return (m.__name__||'')+(l.length||!m.__name__?`{${l.join(', ')}}`:'')};
    const short=v=>{const a=Math.abs(v),u=[[1e12,'T'],[1e9,'G'],[1e6,'M'],[1e3,'k']].find(x=>a>=x[0]);return u?+(v/u[0]).toPrecision(4)+u[1]:String(+v.toPrecision(4))};
    const clock=(t,long)=>{const d=new Date(t*1000);return long?d.toLocaleDateString(undefined,{month:'short',day:'numeric'})+' '+d.toTimeString().slice(0,5):d.toTimeString().slice(0,5)};
    function draw(series,t0,t1){
      const W=1000,H=320,L=58,B=24,shown=series.slice(0,50);let lo=Infinity,hi=-Infinity;
      for(const s of shown)for(const p of s.values){const v=+p[1];if(isFinite(v)){lo=Math.min(lo,v);hi=Math.max(hi,v)}}
      if(lo>hi){lo=0;hi=1}if(lo==hi){lo-=1;hi+=1}const pad=(hi-lo)*.06;lo-=pad;hi+=pad;
      const x=t=>L+(t-t0)/(t1-t0)*(W-L-8),y=v=>8+(hi-v)/(hi-lo)*(H-B-8),svg=make('svg',{viewBox:`0 0 ${W} ${H}`,role:'img'});
      for(let i=0;i<5;i++){const v=lo+(hi-lo)*i/4;svg.append(make('line',{x1:L,x2:W-8,y1:y(v),y2:y(v),stroke:'var(--line)'}),make('text',{x:L-7,y:y(v)+4,'text-anchor':'end'},short(v)))}
      for(let i=0;i<6;i++){const t=t0+(t1-t0)*i/5;svg.append(make('text',{x:x(t),y:H-6,'text-anchor':i==0?'start':i==5?'end':'middle'},clock(t,t1-t0>90000)))}
      const step=(t1-t0)/250*1.5;
      shown.forEach((s,i)=>{let d='',last=-Infinity;for(const[t,v]of s.values){if(!isFinite(+v)){last=-Infinity;continue}d+=(t-last>step?'M':'L')+x(t).toFixed(1)+' '+y(+v).toFixed(1);last=t}
        svg.append(make('path',{d,fill:'none',stroke:colour(i),'stroke-width':1.6,'stroke-linejoin':'round','stroke-linecap':'round'}))});
      $('plot').replaceChildren(svg);$('legend').replaceChildren(...shown.map((s,i)=>{const row=document.createElement('div'),dot=document.createElement('i');dot.style.background=colour(i);
        const last=s.values[s.values.length-1];row.append(dot,name(s.metric)+'  '+(last?last[1]:''));return row}));
      if(series.length>shown.length)$('legend').append(`and ${series.length-shown.length} more series`)}
    async function run(){
      const q=$('q').value.trim();if(!q)return;const t1=Math.floor(Date.now()/1000),range=+$('r').value,t0=t1-range,step=Math.max(1,range/250);
      history.replaceState(null,'','?'+new URLSearchParams({q,r:range}));$('out').hidden=false;
      try{const a=await api('query_range?'+new URLSearchParams({query:q,start:t0,end:t1,step}));
        if(a.status=='error')throw new Error(a.error);
        draw(a.data.result,t0,t1);if(!a.data.result.length)$('legend').textContent='no data';
        for(const w of[...(a.warnings||[]),...(a.infos||[])])$('legend').append(w)}
      catch(e){$('plot').replaceChildren();$('legend').textContent=e.message}}
    $('f').addEventListener('submit',e=>{e.preventDefault();run()});
    (async()=>{
      const p=new URLSearchParams(location.search);if([...$('r').options].some(o=>o.value===p.get('r')))$('r').value=p.get('r');if(p.get('q')){$('q').value=p.get('q');run()}
      api('status/buildinfo').then(a=>$('about').textContent='Prometheus API '+a.data.version);
      api('label/__name__/values?limit=2000').then(a=>$('names').replaceChildren(...a.data.map(n=>{const o=document.createElement('option');o.value=n;return o})));
      const a=await api('targets');
      $('targets').replaceChildren(...a.data.activeTargets.map(t=>{const tr=document.createElement('tr');
        const seen=t.lastScrape.startsWith('0001')?'never':new Date(t.lastScrape).toLocaleTimeString()+', '+Math.round(t.lastScrapeDuration*1000)+' ms';
        for(const text of[t.health,t.scrapePool,t.scrapeUrl,seen,t.lastError]){const td=document.createElement('td');td.textContent=text;if(t.health=='down'&&text==t.health)td.className='bad';tr.append(td)}return tr}))})();
    </script></body></html>
    """#
